// The screens of a payout: the form, and what became of it.

import { h, icon } from "./page.js";
import { FIELDS } from "./payout-order.js";

const HOW = {
  amount: { inputmode: "decimal", autocomplete: "off", class: "short" },
  iban: { autocomplete: "off", autocapitalize: "characters", spellcheck: "false" },
  beneficiary: { autocomplete: "name", maxlength: "70" },
};

/** The form; `faults` names the fields at fault, `notice` says why it is shown again. */
export function payoutForm(words, policy, { typed, faults = [], notice = null, onSend, onLeave }) {
  return [
    back(words, onLeave),
    h("h1", { tabindex: "-1" }, words.say("payout.heading")),
    h("p", { class: "number" }, `${policy.title} · ${words.say("policy.number", policy)}`),
    notice ? h("div", { class: "told", role: "alert", "data-notice": notice }, icon("info"), h("p", {}, words.say(`payout.notice.${notice}`))) : null,
    h("form", { class: "order", novalidate: true, onsubmit: (event) => send(event, onSend) },
      FIELDS.map((name) => field(words, name, typed[name], faults.includes(name))),
      h("p", { class: "assurance" }, icon("lock"), h("span", {}, words.say("payout.more"))),
      h("button", { id: "continue", class: "primary" }, words.say("payout.send"))),
    policy.agency ? h("a", { class: "secondary", href: `tel:${policy.agency.phone.replaceAll(" ", "")}` }, icon("help"),
      words.say("payout.call", { phone: policy.agency.phone.replaceAll(" ", "\u00a0") })) : null,
    h("p", { class: "demo-line" }, words.say("payout.demo")),
  ];
}

/** A payout that was accepted. */
export function payoutDone(words, policy, payout, { onLeave }) {
  return [
    h("article", { class: "panel done", "data-payout": payout.reference },
      h("p", { class: "state on" }, icon("check"), words.say("payout.accepted")),
      h("h1", { tabindex: "-1" }, words.say("payout.done")),
      h("p", { class: "sum" }, words.money({ amount: payout.amount.value, currency: payout.amount.currency })),
      h("dl", {},
        fact(words.say("payout.to"), payout.beneficiary),
        fact(words.say("payout.account"), words.say("payout.ends_in", { digits: payout.iban_ends_in })),
        fact(words.say("payout.policy"), `${policy.title} ${policy.number}`),
        fact(words.say("payout.when"), words.moment(payout.accepted_at)),
        fact(words.say("payout.reference"), h("span", { id: "reference" }, payout.reference))),
      h("p", {}, words.say("payout.next"))),
    h("button", { id: "continue", class: "primary", onclick: onLeave }, words.say("payout.back")),
    h("p", { class: "demo-line" }, words.say("payout.demo")),
  ];
}

/** The latest payouts of a policy, on its card. */
export function payoutList(words, policy) {
  if (policy.payouts.length === 0) return null;
  return h("ul", { class: "payouts" }, policy.payouts.slice(0, 3).map((payout) => h("li", {}, icon("payout"), h("span", {},
    h("strong", {}, words.say("payout.of", { amount: words.money({ amount: payout.amount.value, currency: payout.amount.currency }) })),
    ` ${words.say("payout.on", { moment: words.moment(payout.accepted_at) })}`))));
}

function field(words, name, value, faulty) {
  return h("div", { class: "field" },
    h("label", { for: name }, words.say(`payout.${name}`)),
    h("p", { class: "hint", id: `${name}-hint` }, words.say(`payout.${name}.hint`)),
    h("input", {
      id: name,
      name,
      value,
      required: true,
      "aria-describedby": faulty ? `${name}-hint ${name}-error` : `${name}-hint`,
      "aria-invalid": faulty ? "true" : null,
      ...HOW[name],
    }),
    faulty ? h("p", { class: "wrong", id: `${name}-error` }, icon("info"), h("span", {}, words.say(`payout.${name}.fault`))) : null);
}

function back(words, onLeave) {
  return h("button", { id: "cancel", class: "as-link back", onclick: onLeave }, "← ", words.say("payout.back"));
}

function send(event, onSend) {
  event.preventDefault();
  const form = event.currentTarget;
  form.querySelector("#continue").disabled = true;
  onSend(Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value])));
}

const fact = (label, value) => h("div", {}, h("dt", {}, label), h("dd", {}, value));
