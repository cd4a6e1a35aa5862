// The steps of one run: each prints one JSON line; the first that fails ends the process with status 1.

/** Run `act`, print {step, ok, …what it returned that may be shown}, and give its value. */
export async function step(name, act, show = () => ({})) {
  try {
    const value = await act();
    console.log(JSON.stringify({ step: name, ok: true, ...show(value) }));
    return value;
  } catch (error) {
    console.log(JSON.stringify({ step: name, ok: false, ...described(error) }));
    process.exit(1);
  }
}

/** An expected refusal: resolves with the OAuth error code; throws when `act` succeeds or fails otherwise. */
export async function refused(act, expected) {
  let value;
  try {
    value = await act();
  } catch (error) {
    const code = error.error ?? error.cause?.error;
    if (code === expected) return code;
    throw error;
  }
  throw new Error(`expected ${expected}, but it succeeded with ${Object.keys(value ?? {}).join(', ') || 'nothing'}`);
}

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

function described(error) {
  const { name, message, code, error: oauth, error_description: description, status } = error;
  const cause = error.cause instanceof Error ? error.cause.message : error.cause;
  return { name, message, code, error: oauth, description, status, cause: printable(cause) };
}

function printable(value) {
  if (value === undefined || typeof value === 'string') return value;
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return String(value);
  }
}
