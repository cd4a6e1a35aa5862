// What an API asks for when a token does not do: its WWW-Authenticate header (RFC 9470 §3, RFC 6750 §3).

const ANSWERED = ["insufficient_user_authentication", "insufficient_scope"];

/** The step-up a challenge asks for, or null when a step-up does not answer it. */
export function stepUpIn(header) {
  const told = {};
  for (const [, name, value] of header.matchAll(/([a-z_]+)="([^"\\]*)"/g)) told[name] ??= value;
  if (!ANSWERED.includes(told.error)) return null;
  return {
    acrValues: told.acr_values,
    maxAge: /^[0-9]{1,9}$/.test(told.max_age ?? "") ? told.max_age : undefined,
    scope: told.scope,
  };
}
