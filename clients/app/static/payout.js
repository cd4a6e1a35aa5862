// The course of a payout in the app.
//
//   form --> API, with the session's own token --> 401 what is missing --> request pushed --> provider --> callback
//     code for one token, bound to a key made for it --> API, once --> silent sign-in, since the page began anew --> result
//
// The one token never joins the session's: it lives in `confirmed` and ends with it.

import { readOrder } from "./payout-order.js";
import { payoutDone, payoutForm } from "./payout-screens.js";
import { Policies, SignInNeeded } from "./policies.js";
import { PushRefused, Unreachable } from "./provider.js";
import { SignInFailed } from "./sign-in.js";

const NOTICES = {
  access_denied: "cancelled",
  unmet_authentication_requirements: "cannot_confirm",
  temporarily_unavailable: "unavailable",
  server_error: "unavailable",
};

/** Pays with the answer in this address; gives what to tell once somebody is signed in again. */
export async function confirmed(config, signIn, answer, waiting) {
  const { payout, typed, language } = waiting;
  const told = { policy: payout.policy_number };
  let once;
  try {
    once = await signIn.arriveConfirmed(answer, waiting);
  } catch (fault) {
    if (fault instanceof Unreachable) return { ...told, typed, notice: "unavailable" };
    if (fault instanceof SignInFailed) return { ...told, typed, notice: NOTICES[fault.code] ?? "not_confirmed" };
    throw fault;
  }
  try {
    const outcome = await new Policies(config.policies_url, signIn, language).payOnce(payout, once);
    if (outcome?.accepted) return { ...told, reference: outcome.accepted };
    return { ...told, typed, notice: outcome?.rejected === "policy_ended" ? "ended" : "not_confirmed" };
  } catch (fault) {
    // It may have arrived: the customer is told to look before asking again.
    if (fault instanceof Unreachable) return { ...told, typed, notice: "unknown" };
    throw fault;
  }
}

export class PayoutDesk {
  #signIn;
  #show;

  /** `show(name, content)` shows one page of the signed-in area. */
  constructor(signIn, { show }) {
    this.#signIn = signIn;
    this.#show = show;
  }

  /** The form; SignInNeeded goes to `onFault`. */
  form(words, policy, policies, { typed, faults, notice, onLeave, onFault }) {
    const again = (changed) => this.form(words, policy, policies, { onLeave, onFault, ...changed });
    this.#show("payout", payoutForm(words, policy, {
      typed: typed ?? { amount: "", iban: "", beneficiary: "" },
      faults,
      notice,
      onLeave,
      onSend: (sent) => this.#ask(words, policy, policies, sent, again).catch(onFault),
    }));
  }

  /** What became of a payout; false when the policy does not show it. */
  done(words, policy, reference, { onLeave }) {
    const payout = policy.payouts.find((each) => each.reference === reference);
    if (payout === undefined) return false;
    this.#show("payout-done", payoutDone(words, policy, payout, { onLeave }));
    return true;
  }

  async #ask(words, policy, policies, typed, again) {
    const { faults, payout } = readOrder(policy.number, typed, words.language);
    if (faults.length > 0) {
      again({ typed, faults });
      return;
    }
    try {
      const outcome = await policies.pay(payout);
      if (outcome.stepUp) await this.#signIn.confirm(payout, { stepUp: outcome.stepUp, typed, language: words.language });
      else if (outcome.fields?.length > 0) again({ typed, faults: outcome.fields });
      else again({ typed, notice: outcome.rejected === "policy_ended" ? "ended" : "failed" });
    } catch (fault) {
      if (fault instanceof SignInNeeded) throw fault;
      if (!(fault instanceof Unreachable || fault instanceof PushRefused)) throw fault;
      again({ typed, notice: "unavailable" });
    }
  }
}
