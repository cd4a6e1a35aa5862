// What the app says, in Italian and English. Dates and amounts are written by the browser's own rules.

const MESSAGES = {
  it: {
    site: "Area Clienti",
    "login": "Accedi",
    "biometric": "Usa impronta o volto",
    "biometric.more": "Se li hai attivati su questo dispositivo. Non arrivano mai a noi.",
    "register": "Registrati",
    "logout": "Esci",
    "home.heading": "Le tue polizze, sempre con te",
    "home.lead": "Coperture, scadenze e documenti sul telefono.",
    "home.new": "Prima volta qui?",
    "wait": "Un momento…",
    "tab.policies": "Polizze",
    "tab.documents": "Documenti",
    "tab.help": "Aiuto",
    "tab.me": "Profilo",
    "hello": "Ciao, {name}",
    "hello.nobody": "Ciao",
    "policy.number": "Polizza {number}",
    "policy.active": "Attiva",
    "policy.ended": "Terminata",
    "premium": "Premio",
    "premium.year": "Premio annuale",
    "premium.half-year": "Premio semestrale",
    "premium.quarter": "Premio trimestrale",
    "premium.company": "Lo paga la tua azienda",
    "due": "Scadenza",
    "policies.none": "Non risultano polizze a tuo nome. Se pensi che sia un errore, chiama la tua agenzia.",
    "payout.ask": "Richiedi liquidazione",
    "payout.heading": "Serve la tua conferma",
    "payout.more": "Prima di una liquidazione ti chiediamo di confermare che sei tu. Dall’app non si può ancora: per ora chiama la tua agenzia.",
    "payout.call": "Chiama {phone}",
    "payout.close": "Chiudi",
    "documents.heading": "Documenti",
    "documents.count": "{count} pagine",
    "documents.count.one": "1 pagina",
    "documents.unavailable": "I documenti di {title} {number} non sono disponibili ora.",
    "help.heading": "Serve aiuto?",
    "help.agency": "La tua agenzia",
    "help.fraud": "Non ti chiediamo mai password o codici al telefono, per email o per messaggio. Se succede, è una truffa.",
    "me.heading": "Profilo",
    "me.name": "Nome",
    "me.customer": "Codice cliente",
    "me.since": "Accesso del",
    "me.security": "Gestisci accesso e sicurezza",
    "me.language": "Lingua",
    "error.unavailable": "L’app non riesce a collegarsi",
    "error.unavailable.more": "Controlla la connessione e riprova. Le tue polizze restano valide.",
    "error.interrupted": "L’accesso si è interrotto",
    "error.interrupted.more": "Ricomincia: ci vuole un momento.",
    "error.cancelled": "Accesso annullato",
    "error.cancelled.more": "Hai scelto di non continuare. Non abbiamo cambiato nulla.",
    "error.unsafe": "Abbiamo fermato l’accesso",
    "error.unsafe.more": "La risposta ricevuta non era affidabile, così non l’abbiamo usata. Ricomincia da qui.",
    "error.failed": "L’accesso non è riuscito",
    "error.failed.more": "Riprova. Se succede ancora, chiama la tua agenzia.",
    "error.code": "Codice: {code}",
    "retry": "Riprova",
    "demo": "App dimostrativa: compagnia, clienti e polizze sono inventati.",
  },
  en: {
    site: "Area Clienti",
    "login": "Sign in",
    "biometric": "Use fingerprint or face",
    "biometric.more": "If you turned them on for this device. They never reach us.",
    "register": "Register",
    "logout": "Sign out",
    "home.heading": "Your policies, always with you",
    "home.lead": "Covers, due dates and documents on your phone.",
    "home.new": "First time here?",
    "wait": "One moment…",
    "tab.policies": "Policies",
    "tab.documents": "Documents",
    "tab.help": "Help",
    "tab.me": "Profile",
    "hello": "Hello, {name}",
    "hello.nobody": "Hello",
    "policy.number": "Policy {number}",
    "policy.active": "Active",
    "policy.ended": "Ended",
    "premium": "Premium",
    "premium.year": "Yearly premium",
    "premium.half-year": "Half-yearly premium",
    "premium.quarter": "Quarterly premium",
    "premium.company": "Paid by your company",
    "due": "Due date",
    "policies.none": "There are no policies in your name. If you think this is a mistake, call your agency.",
    "payout.ask": "Ask for a payout",
    "payout.heading": "Your confirmation is needed",
    "payout.more": "Before a payout we ask you to confirm that it is you. The app cannot do this yet: for now, call your agency.",
    "payout.call": "Call {phone}",
    "payout.close": "Close",
    "documents.heading": "Documents",
    "documents.count": "{count} pages",
    "documents.count.one": "1 page",
    "documents.unavailable": "The documents of {title} {number} are not available right now.",
    "help.heading": "Need help?",
    "help.agency": "Your agency",
    "help.fraud": "We never ask for passwords or codes by phone, email or message. If somebody does, it is a fraud.",
    "me.heading": "Profile",
    "me.name": "Name",
    "me.customer": "Customer number",
    "me.since": "Signed in on",
    "me.security": "Manage access and security",
    "me.language": "Language",
    "error.unavailable": "The app cannot connect",
    "error.unavailable.more": "Check your connection and try again. Your policies remain valid.",
    "error.interrupted": "The sign-in was interrupted",
    "error.interrupted.more": "Start again: it takes a moment.",
    "error.cancelled": "Sign-in cancelled",
    "error.cancelled.more": "You chose not to go on. Nothing was changed.",
    "error.unsafe": "We stopped the sign-in",
    "error.unsafe.more": "The answer we received could not be trusted, so we did not use it. Start again from here.",
    "error.failed": "The sign-in did not work",
    "error.failed.more": "Try again. If it happens again, call your agency.",
    "error.code": "Code: {code}",
    "retry": "Try again",
    "demo": "Demonstration app: company, customers and policies are invented.",
  },
};

export const LANGUAGES = Object.keys(MESSAGES);
const PLACE = "Europe/Rome";

/** `wish` when the app speaks it, else what the browser prefers, else Italian. */
export function chooseLanguage(...wishes) {
  const wanted = [...wishes, ...navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase())];
  return wanted.find((code) => LANGUAGES.includes(code)) ?? LANGUAGES[0];
}

export class Words {
  constructor(language) {
    this.language = language;
  }

  say(key, values = {}) {
    const message = MESSAGES[this.language][key];
    if (message === undefined) throw new Error(`no message ${key}`);
    return message.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  }

  day(iso) {
    const options = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
    return new Intl.DateTimeFormat(this.#locale, options).format(new Date(`${iso}T00:00:00Z`));
  }

  moment(seconds) {
    const options = { dateStyle: "long", timeStyle: "short", timeZone: PLACE };
    return new Intl.DateTimeFormat(this.#locale, options).format(new Date(seconds * 1000));
  }

  money({ amount, currency }) {
    const options = { style: "currency", currency, useGrouping: "always" };
    return new Intl.NumberFormat(this.#locale, options).format(Number(amount));
  }

  get #locale() {
    return this.language === "it" ? "it-IT" : "en-GB";
  }
}
