// The app's course: settings, discovery, then
//
//   callback in the address --> signed in | fault at the entrance
//   anything else --> one silent attempt (prompt=none) --> the callback says whether somebody is signed in
//
// The silent attempt is a full redirect: hidden frames see no cookies any more. It starts only from the app's first
// page, never from the callback, so that a refusal cannot start the next.

import { PayoutDesk, confirmed } from "./payout.js";
import { Policies, SignInNeeded } from "./policies.js";
import { Unreachable, discover, fetchJson } from "./provider.js";
import * as screens from "./screens.js";
import { SignIn, SignInFailed, takeWaiting } from "./sign-in.js";
import { Words, chooseLanguage } from "./words.js";

// A passkey where there is one, else whatever there is: a wish, and no condition (OpenID Connect Core §3.1.2.1).
const PASSKEY_FIRST = "urn:idp:acr:3 urn:idp:acr:1";
const NOBODY = ["login_required", "interaction_required", "consent_required", "account_selection_required"];
const FAULTS = {
  access_denied: "cancelled",
  unknown_state: "interrupted",
  invalid_grant: "interrupted",
  temporarily_unavailable: "unavailable",
  server_error: "unavailable",
  wrong_issuer: "unsafe",
  invalid_token: "unsafe",
  repeated_parameter: "unsafe",
};

let words;

async function start() {
  const address = new URL(location.href);
  const waiting = takeWaiting();
  words = new Words(chooseLanguage(address.searchParams.get("lang"), waiting?.language));
  const config = (await fetchJson("/config.json")).body;
  const signIn = new SignIn(config, await discover(config.issuer));
  if (address.pathname !== "/callback") {
    await signIn.leave({ prompt: "none", language: words.language });
    return;
  }
  // The code leaves the address, and the history, before anything else is shown.
  history.replaceState(null, "", "/");
  if (waiting?.payout) {
    const told = await confirmed(config, signIn, address.searchParams, waiting);
    await signIn.leave({ prompt: "none", language: words.language, told });
    return;
  }
  try {
    const person = await signIn.arrive(address.searchParams, waiting);
    await area(config, signIn, person, waiting.told);
  } catch (fault) {
    if (!(fault instanceof SignInFailed)) throw fault;
    const silent = waiting?.prompt === "none" && NOBODY.includes(fault.code);
    entrance(signIn, silent ? null : fault.code);
  }
}

function entrance(signIn, code = null) {
  const shown = /^[a-z0-9_]{1,64}$/.test(code ?? "") ? code : "unknown_error";
  const leave = (wishes) => () => signIn.leave({ ...wishes, language: words.language }).catch(stop);
  screens.show(words, screens.entrance(words, {
    onBiometric: leave({ acrValues: PASSKEY_FIRST }),
    onLogin: leave(),
    onRegister: leave({ prompt: "create" }),
    onLanguage: (language) => {
      words = new Words(language);
      entrance(signIn, code);
    },
    fault: code === null ? null : { kind: FAULTS[code] ?? "failed", code: shown },
  }), { focus: code !== null });
}

async function area(config, signIn, person, told) {
  let policies = new Policies(config.policies_url, signIn, words.language);
  let held = await policies.held();
  let shelves = null;

  const open = async (tab) => {
    const content = {
      policies: () => screens.policiesTab(words, person, held, { onPayout: (policy) => ask(policy) }),
      documents: async () => screens.documentsTab(words, (shelves ??= await readShelves(policies, held))),
      help: () => screens.helpTab(words, held),
      me: () => screens.meTab(words, person, held, config.account_url, onLanguage),
    }[tab];
    screens.show(words, screens.area(words, tab, await content(), around));
  };
  const around = {
    onTab: (next) => open(next).catch((fault) => again(signIn, fault)),
    onLogout: () => {
      screens.show(words, document.createElement("main"));
      held = shelves = person = null;
      signIn.leaveForGood(words.language);
    },
  };
  const desk = new PayoutDesk(signIn, {
    show: (name, content) => screens.show(words, screens.area(words, "policies", content, { ...around, name })),
  });
  const leaveDesk = { onLeave: () => around.onTab("policies"), onFault: (fault) => again(signIn, fault) };
  const ask = (policy, { typed, notice } = {}) => {
    const empty = { amount: "", iban: "", beneficiary: person.name ?? "" };
    desk.form(words, policy, policies, { ...leaveDesk, typed: typed ?? empty, notice });
  };
  const onLanguage = async (language) => {
    words = new Words(language);
    policies = new Policies(config.policies_url, signIn, language);
    shelves = null;
    try {
      held = await policies.held();
      await open("me");
    } catch (fault) {
      again(signIn, fault);
    }
  };
  try {
    const meant = told ? held.policies.find((policy) => policy.number === told.policy) : undefined;
    if (meant && told.notice) ask(meant, told);
    else if (!meant || !desk.done(words, meant, told.reference, leaveDesk)) await open("policies");
  } catch (fault) {
    again(signIn, fault);
  }
}

async function readShelves(policies, held) {
  return Promise.all(held.policies.map(async (policy) => {
    try {
      return { policy, documents: (await policies.documents(policy.number)).documents };
    } catch (fault) {
      if (fault instanceof Unreachable) return { policy, documents: null };
      throw fault;
    }
  }));
}

/** A session that ended asks the provider once more, silently; anything else stops. */
function again(signIn, fault) {
  if (fault instanceof SignInNeeded) {
    signIn.leave({ prompt: "none", language: words.language }).catch(stop);
  } else {
    stop(fault);
  }
}

function stop(fault) {
  if (!(fault instanceof Unreachable)) console.error(fault);
  screens.show(words, screens.unreachable(words, { onRetry: () => location.assign("/") }));
}

// A page kept for the back button still holds what was read: it starts anew instead.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

start().catch(stop);
