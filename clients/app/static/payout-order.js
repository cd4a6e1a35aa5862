// A payout as it is typed, in the customer's own way of writing, and as the API reads it.

const PLAIN = /^([0-9]{1,9})(?:[.,]([0-9]{1,2}))?$/;
const GROUPED = {
  it: /^([0-9]{1,3}(?:\.[0-9]{3}){1,2})(?:,([0-9]{1,2}))?$/,
  en: /^([0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.([0-9]{1,2}))?$/,
};
const CURRENCY = "EUR";
const LONGEST_NAME = 70;
export const FIELDS = ["amount", "iban", "beneficiary"];

/** The authorization details object of what was typed (RFC 9396 §2), or the fields at fault. */
export function readOrder(policyNumber, typed, language) {
  const value = readAmount(typed.amount, language);
  const iban = typed.iban.replace(/[\s.-]/g, "").toUpperCase();
  const beneficiary = typed.beneficiary.trim().replace(/\s+/g, " ").normalize("NFC");
  const good = { amount: value !== null, iban: isIban(iban), beneficiary: isName(beneficiary) };
  const faults = FIELDS.filter((name) => !good[name]);
  const amount = { value, currency: CURRENCY };
  return { faults, payout: { type: "payout", policy_number: policyNumber, amount, iban, beneficiary } };
}

/** The payout as the policies API takes it. */
export function bodyOf({ amount, iban, beneficiary }) {
  return { amount: amount.value, currency: amount.currency, iban, beneficiary };
}

/** "1500.00" for whatever says so plainly; null for what is no amount, or can be read in two ways. */
export function readAmount(typed, language) {
  const text = typed.replace(/\s/g, "").replace(/^€|€$|EUR$/g, "");
  const found = PLAIN.exec(text) ?? GROUPED[language].exec(text);
  if (found === null) return null;
  const whole = found[1].replace(/[.,]/g, "").replace(/^0+(?=[0-9])/, "");
  const value = `${whole}.${(found[2] ?? "").padEnd(2, "0")}`;
  return Number(value) > 0 ? value : null;
}

/** Whether the check digits hold (ISO 13616); what the country makes of the rest, the API says. */
function isIban(text) {
  if (!/^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$/.test(text)) return false;
  let rest = 0;
  for (const character of text.slice(4) + text.slice(0, 4)) {
    for (const digit of parseInt(character, 36).toString()) rest = (rest * 10 + Number(digit)) % 97;
  }
  return rest === 1;
}

function isName(text) {
  return text.length > 0 && [...text].length <= LONGEST_NAME && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
}
