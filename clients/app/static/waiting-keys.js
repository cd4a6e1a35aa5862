// Where the key of a sign-in under way waits while the provider has the browser: a key that cannot be taken out fits into
// no string, hence into no sessionStorage. It stays such a key here, belongs to one answer (by its state) and is taken out
// with it; what never came back is dropped when the next one leaves.

import { ProofKey } from "./dpop.js";

const STORE = "waiting";
const LONGEST = 3600_000; // milliseconds a customer may stay at the provider

export async function keep(state, key) {
  await work((store) => {
    store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (cursor === null) return;
      if (cursor.value.until < Date.now()) cursor.delete();
      cursor.continue();
    };
    store.put({ ...key.kept(), until: Date.now() + LONGEST }, state);
  });
}

/** The key that waits for the answer with this state, taken out for good; null when none does. */
export async function take(state) {
  const found = await work((store) => {
    const asked = store.get(state);
    store.delete(state);
    return asked;
  });
  return found === undefined ? null : ProofKey.of(found);
}

/** Does it in one transaction, and gives the result of the request it answers, once that is done. */
async function work(act) {
  const database = await settled(opening());
  try {
    const transaction = database.transaction(STORE, "readwrite");
    const asked = act(transaction.objectStore(STORE));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    return asked?.result;
  } finally {
    database.close();
  }
}

function opening() {
  const asked = indexedDB.open("app_keys", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
  return asked;
}

function settled(asked) {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}
