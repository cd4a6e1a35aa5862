// The app's screens: entrance, fault, and the four tabs of the signed-in customer.

import { h, icon, umbrella } from "./page.js";
import { payoutList } from "./payout-screens.js";
import { LANGUAGES } from "./words.js";

/** Shows one screen in place of the last; the focus goes to the first field at fault, else to its heading, unless told not to. */
export function show(words, page, { focus = true } = {}) {
  document.documentElement.lang = words.language;
  document.getElementById("screen").replaceChildren(...[page].flat());
  scrollTo(0, 0);
  const fault = document.querySelector('main [aria-invalid="true"]');
  document.title = fault ? words.say("fault.title", { title: words.say("site") }) : words.say("site");
  if (focus) (fault ?? document.querySelector("main h1"))?.focus();
}

export function entrance(words, { onBiometric, onLogin, onRegister, onLanguage, fault }) {
  return h("main", { "data-page": "app-home", class: "entrance" },
    languages(words, onLanguage),
    h("div", { class: "welcome" },
      umbrella(),
      h("p", { class: "site" }, words.say("site")),
      h("h1", { tabindex: "-1" }, words.say("home.heading")),
      h("p", { class: "lead" }, words.say("home.lead"))),
    h("div", { class: "doors" },
      fault ? faultNotice(words, fault) : null,
      h("button", { id: "biometric", class: "primary inverse big", onclick: onBiometric }, icon("finger"), words.say("biometric")),
      h("p", { class: "more" }, words.say("biometric.more")),
      h("button", { id: "login", class: "secondary inverse", onclick: onLogin }, words.say("login")),
      h("p", { class: "new" }, words.say("home.new"), " ",
        h("button", { id: "register", class: "as-link", onclick: onRegister }, words.say("register")))),
    h("p", { class: "demo-line" }, words.say("demo")));
}

export function unreachable(words, { onRetry }) {
  return h("main", { "data-page": "app-error", class: "stop" },
    umbrella(),
    h("h1", { tabindex: "-1" }, words.say("error.unavailable")),
    h("p", {}, words.say("error.unavailable.more")),
    h("button", { id: "retry", class: "primary", onclick: onRetry }, words.say("retry")));
}

/** The signed-in frame; `tab` names the part shown, `name` the page where it is another one within it. */
export function area(words, tab, content, { onTab, onLogout, name = tab }) {
  const tabs = ["policies", "documents", "help", "me"];
  return [
    h("header", { class: "top" },
      h("span", { class: "brand" }, umbrella(), words.say("site")),
      h("button", { id: "logout", class: "leave", onclick: onLogout }, words.say("logout"))),
    h("main", { "data-page": `app-${name}`, class: "area" }, content),
    h("nav", { class: "tabs", "aria-label": words.say("site") },
      tabs.map((each) => h("button", {
        "data-tab": each,
        "aria-current": each === tab ? "page" : null,
        onclick: () => onTab(each),
      }, icon(each), h("span", {}, words.say(`tab.${each}`))))),
  ];
}

export function policiesTab(words, person, held, { onPayout }) {
  return [
    h("p", { class: "demo" }, held.notice),
    h("h1", { tabindex: "-1" }, greeting(words, person)),
    held.policies.length === 0 ? h("p", { class: "blank" }, words.say("policies.none")) : null,
    h("ul", { class: "policies" }, held.policies.map((policy) => h("li", {}, policyCard(words, policy, onPayout)))),
  ];
}

function policyCard(words, policy, onPayout) {
  return h("article", { class: "policy", "data-policy": policy.number },
    h("div", { class: "head" },
      h("span", { class: "tile" }, icon(policy.product)),
      h("div", { class: "name" }, h("h2", {}, policy.title), h("p", { class: "number" }, words.say("policy.number", policy))),
      h("span", { class: policy.active ? "state on" : "state off" }, words.say(policy.active ? "policy.active" : "policy.ended"))),
    h("p", { class: "cover" }, policy.cover),
    h("dl", { class: "facts" },
      policy.premium ? fact(words.say(`premium.${policy.premium.every}`), words.money(policy.premium)) : null,
      !policy.premium && policy.collective ? fact(words.say("premium"), words.say("premium.company")) : null,
      policy.due_on ? fact(words.say("due"), h("time", { datetime: policy.due_on }, words.day(policy.due_on))) : null),
    payoutList(words, policy),
    policy.active
      ? h("button", { class: "secondary", onclick: () => onPayout(policy) }, words.say("payout.ask"),
        h("span", { class: "visually-hidden" }, ` ${policy.title} ${policy.number}`))
      : null);
}

/** `shelves` pairs each policy with its documents, or null where they cannot be had. */
export function documentsTab(words, shelves) {
  return [
    h("h1", { tabindex: "-1" }, words.say("documents.heading")),
    h("ul", { class: "documents" }, shelves.flatMap(({ policy, documents }) => documents === null
      ? [h("li", { class: "missing" }, words.say("documents.unavailable", policy))]
      : documents.map((document) => h("li", {},
        icon("documents"),
        h("span", { class: "what" }, h("strong", {}, document.title),
          h("span", {}, `${policy.title} ${policy.number}${document.issued_on ? ` · ${words.day(document.issued_on)}` : ""}`)),
        h("span", { class: "pages" },
          words.say(document.pages === 1 ? "documents.count.one" : "documents.count", { count: document.pages })))))),
  ];
}

export function helpTab(words, held) {
  const agency = held.policies.find((policy) => policy.agency)?.agency;
  return [
    h("h1", { tabindex: "-1" }, words.say("help.heading")),
    agency ? h("section", { class: "panel" },
      h("h2", {}, words.say("help.agency")),
      h("p", {}, agency.name),
      h("a", { class: "primary", href: telephone(agency.phone) }, icon("help"), words.say("payout.call", { phone: unbroken(agency.phone) })),
      h("p", {}, h("a", { href: `mailto:${agency.email}` }, agency.email))) : null,
    h("p", { class: "panel" }, words.say("help.fraud")),
  ];
}

export function meTab(words, person, held, accountUrl, onLanguage) {
  return [
    h("h1", { tabindex: "-1" }, words.say("me.heading")),
    h("dl", { class: "panel me" },
      person.name ? fact(words.say("me.name"), person.name) : null,
      fact(words.say("me.customer"), held.customer_number),
      Number.isInteger(person.auth_time) ? fact(words.say("me.since"), words.moment(person.auth_time)) : null),
    accountUrl ? h("a", { id: "account", class: "secondary", href: accountUrl }, words.say("me.security")) : null,
    h("section", { class: "panel" }, h("h2", {}, words.say("me.language")), languages(words, onLanguage)),
    h("p", { class: "demo-line" }, words.say("demo")),
  ];
}

function languages(words, onLanguage) {
  const names = { it: "Italiano", en: "English" };
  return h("div", { class: "languages", role: "group", "aria-label": words.say("me.language") },
    LANGUAGES.map((code) => h("button", {
      lang: code,
      "data-language": code,
      "aria-pressed": String(code === words.language),
      onclick: () => onLanguage(code),
    }, names[code])));
}

function faultNotice(words, { kind, code }) {
  return h("div", { class: "fault", role: "alert", "data-fault": kind },
    h("strong", {}, words.say(`error.${kind}`)),
    h("p", {}, words.say(`error.${kind}.more`)),
    h("p", { class: "code" }, words.say("error.code", { code })));
}

function greeting(words, person) {
  const name = person.given_name ?? person.name;
  return name ? words.say("hello", { name }) : words.say("hello.nobody");
}

const fact = (label, value) => h("div", {}, h("dt", {}, label), h("dd", {}, value));
const unbroken = (text) => text.replaceAll(" ", "\u00a0");
const telephone = (number) => `tel:${number.replaceAll(" ", "")}`;
