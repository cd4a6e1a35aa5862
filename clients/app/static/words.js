// What the app says, in Italian and English. Dates and amounts are written by the browser's own rules.

const MESSAGES = {
  it: {
    site: "Area Clienti",
    "login": "Accedi",
    "biometric": "Entra con impronta o volto",
    "biometric.more": "Se li hai attivati; altrimenti entri con la password. Impronta e volto non ci arrivano mai.",
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
    "payout.heading": "Richiedi una liquidazione",
    "payout.amount": "Importo in euro",
    "payout.amount.hint": "Per esempio 1.500,00",
    "payout.amount.fault": "Scrivi l’importo in euro, per esempio 1.500,00.",
    "payout.iban": "IBAN",
    "payout.iban.hint": "Il conto su cui ricevere il pagamento.",
    "payout.iban.fault": "Controlla l’IBAN: manca qualcosa o c’è un errore. Quelli italiani iniziano con IT e hanno 27 caratteri.",
    "payout.beneficiary": "Intestatario del conto",
    "payout.beneficiary.hint": "Come è scritto sul conto.",
    "payout.beneficiary.fault": "Scrivi a chi è intestato il conto, al massimo 70 caratteri.",
    "payout.more": "Nella prossima pagina rivedi importo e IBAN e confermi che sei tu. Non dare codici a nessuno: se te li chiedono, anche a nome nostro, è una truffa.",
    "payout.send": "Vai alla conferma",
    "payout.back": "Torna alle tue polizze",
    "payout.call": "Chiama {phone}",
    "payout.demo": "Dimostrazione: nessun pagamento parte davvero.",
    "payout.notice.cancelled": "Non hai confermato, così non abbiamo pagato nulla. Puoi correggere i dati e riprovare.",
    "payout.notice.cannot_confirm": "Per ora non puoi confermare operazioni, così non abbiamo pagato nulla. Nel profilo, in «Gestisci accesso e sicurezza», vedi con che cosa puoi confermare, e da quando; oppure chiama la tua agenzia.",
    "payout.notice.not_confirmed": "La conferma non è andata a buon fine, così non abbiamo pagato nulla. Riprova.",
    "payout.notice.unavailable": "Il servizio non risponde. Non abbiamo pagato nulla: riprova tra qualche minuto.",
    "payout.notice.unknown": "Non abbiamo ricevuto risposta. Prima di riprovare, controlla tra le tue polizze se la liquidazione c’è già.",
    "payout.notice.ended": "Questa polizza è terminata: la liquidazione si chiede in agenzia.",
    "payout.notice.failed": "La richiesta non è stata accettata. Controlla i dati, oppure chiama la tua agenzia.",
    "payout.done": "Liquidazione accettata",
    "payout.accepted": "Accettata",
    "payout.to": "A",
    "payout.account": "Conto",
    "payout.ends_in": "IBAN che finisce con {digits}",
    "payout.policy": "Polizza",
    "payout.when": "Data",
    "payout.reference": "Riferimento",
    "payout.next": "Il pagamento arriva di solito entro tre giorni lavorativi. Se ci chiami, indica il riferimento.",
    "payout.of": "Liquidazione di {amount}",
    "payout.on": "accettata il {moment}",
    "fault.title": "Errore: {title}",
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
    "biometric": "Sign in with fingerprint or face",
    "biometric.more": "If you turned them on; otherwise with your password. Fingerprint and face never reach us.",
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
    "payout.heading": "Ask for a payout",
    "payout.amount": "Amount in euros",
    "payout.amount.hint": "For example 1,500.00",
    "payout.amount.fault": "Write the amount in euros, for example 1,500.00.",
    "payout.iban": "IBAN",
    "payout.iban.hint": "The account to be paid.",
    "payout.iban.fault": "Check the IBAN: something is missing or mistyped. Italian ones begin with IT and have 27 characters.",
    "payout.beneficiary": "Account holder",
    "payout.beneficiary.hint": "As written on the account.",
    "payout.beneficiary.fault": "Write who holds the account, 70 characters at most.",
    "payout.more": "On the next page you see amount and IBAN again and confirm that it is you. Give codes to nobody: if somebody asks, even in our name, it is a fraud.",
    "payout.send": "Go on to confirm",
    "payout.back": "Back to your policies",
    "payout.call": "Call {phone}",
    "payout.demo": "Demonstration: no money is really paid.",
    "payout.notice.cancelled": "You did not confirm, so nothing was paid. You can correct the data and try again.",
    "payout.notice.cannot_confirm": "You cannot confirm operations for now, so nothing was paid. In your profile, “Manage access and security” shows what you can confirm with, and from when; or call your agency.",
    "payout.notice.not_confirmed": "The confirmation did not work out, so nothing was paid. Try again.",
    "payout.notice.unavailable": "The service does not answer. Nothing was paid: try again in a few minutes.",
    "payout.notice.unknown": "We received no answer. Before you try again, look among your policies whether the payout is already there.",
    "payout.notice.ended": "This policy has ended: ask your agency for the payout.",
    "payout.notice.failed": "The request was not accepted. Check the data, or call your agency.",
    "payout.done": "Payout accepted",
    "payout.accepted": "Accepted",
    "payout.to": "To",
    "payout.account": "Account",
    "payout.ends_in": "IBAN ending in {digits}",
    "payout.policy": "Policy",
    "payout.when": "Date",
    "payout.reference": "Reference",
    "payout.next": "The money usually arrives within three working days. If you call us, give the reference.",
    "payout.of": "Payout of {amount}",
    "payout.on": "accepted on {moment}",
    "fault.title": "Error: {title}",
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
