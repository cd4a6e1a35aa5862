// Fingerprint and face. Every page works without it; what the browser cannot do stays hidden.
// Every word comes from the page, already in its language.
"use strict";

{
  const form = document.getElementById("passkey-form");
  const error = document.getElementById("passkey-trouble");
  const RENEW = 240_000; // a question is good for five minutes

  const able = () => Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);
  const parse = able() && form && form.dataset.passkey === "create"
    ? (asked) => PublicKeyCredential.parseCreationOptionsFromJSON(asked)
    : (asked) => PublicKeyCredential.parseRequestOptionsFromJSON(asked);

  // One press is one request: pressed twice, the browser would refuse the second and the page say so.
  const pressed = (button, act) => {
    let busy = false;
    button.addEventListener("click", async () => {
      if (busy) return;
      busy = true;
      error.hidden = true;
      try {
        await act();
      } finally {
        busy = false;
      }
    });
  };

  const say = (words) => {
    error.querySelector("span").textContent = words;
    error.hidden = false;
  };

  const ask = async () => {
    const answer = await fetch(form.dataset.options, {
      method: "POST",
      body: new URLSearchParams({ csrf: form.elements.csrf.value }),
    });
    if (answer.status === 403 && form.dataset.again) location.assign(form.dataset.again);
    if (!answer.ok) throw new Error(String(answer.status));
    return parse(await answer.json());
  };

  // What is not needed is not sent: no attestation in other shapes, of the extensions only what is read.
  const send = (credential) => {
    const { id, rawId, type, response, clientExtensionResults } = credential.toJSON();
    const wanted = ["clientDataJSON", "attestationObject", "transports", "authenticatorData", "signature", "userHandle"];
    const skipped = response.attestationObject ? ["authenticatorData"] : [];
    const kept = wanted.filter((name) => response[name] !== undefined && !skipped.includes(name));
    const rk = clientExtensionResults?.credProps?.rk;
    form.elements.credential.value = JSON.stringify({
      id, rawId, type, response: Object.fromEntries(kept.map((name) => [name, response[name]])),
      ...(rk === undefined ? {} : { clientExtensionResults: { credProps: { rk } } }),
    });
    form.requestSubmit();
  };

  const get = () => {
    let waiting = null;
    let renewal = 0;
    const stop = () => {
      clearTimeout(renewal);
      waiting?.abort();
      waiting = null;
    };
    // The browser shows passkeys where it shows saved names; nothing happens until one is chosen.
    const wait = async () => {
      stop();
      const mine = new AbortController();
      waiting = mine;
      renewal = setTimeout(wait, RENEW);
      try {
        const publicKey = await ask();
        if (mine.signal.aborted) return;
        const credential = await navigator.credentials.get({ publicKey, mediation: "conditional", signal: mine.signal });
        if (credential && !mine.signal.aborted) {
          stop();
          send(credential);
        }
      } catch {
        // The other ways are on the page.
      }
    };
    const autofill = async () => {
      if (form.dataset.autofill && await PublicKeyCredential.isConditionalMediationAvailable?.()) wait();
    };
    const button = document.getElementById("use-passkey");
    button.hidden = false;
    if (button.dataset.leads) {
      // It is the main button of the page, where there is one at all.
      document.getElementById(button.dataset.leads).hidden = false;
      document.getElementById("continue").className = "secondary";
      button.className = "primary";
    }
    if (form.dataset.first) button.focus();
    pressed(button, async () => {
      stop();
      try {
        send(await navigator.credentials.get({ publicKey: await ask() }));
      } catch (fault) {
        say(fault.name === "NotAllowedError" ? form.dataset.cancelled : form.dataset.failed);
        document.getElementById(form.dataset.otherwise)?.focus();
        autofill();
      }
    });
    autofill();
  };

  const create = () => {
    const button = document.getElementById("enrol-passkey");
    pressed(button, async () => {
      try {
        send(await navigator.credentials.create({ publicKey: await ask() }));
      } catch (fault) {
        const words = { InvalidStateError: form.dataset.present, NotAllowedError: form.dataset.cancelled };
        say(words[fault.name] ?? form.dataset.failed);
      }
    });
  };

  // Whether this device can verify its owner decides whether it is offered at all.
  const offer = async () => {
    const ready = await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
    for (const part of document.querySelectorAll("[data-if-passkey]")) part.hidden = !ready;
    for (const field of document.querySelectorAll("input[name=passkey_ready]")) field.value = ready ? "yes" : "";
  };

  // What the device keeps and what we keep are to be the same.
  const signal = async () => {
    const told = document.getElementById("passkey-signals")?.dataset;
    if (!told) return;
    const rpId = told.rpId;
    if (told.unknown) {
      await PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId: told.unknown });
    }
    if (told.userId) {
      const userId = told.userId;
      const allAcceptedCredentialIds = told.accepted ? told.accepted.split(" ") : [];
      await PublicKeyCredential.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds });
      await PublicKeyCredential.signalCurrentUserDetails?.({
        rpId, userId, name: told.userName, displayName: told.userDisplayName,
      });
    }
  };

  if (able()) {
    if (form?.dataset.passkey === "get") get();
    if (form?.dataset.passkey === "create") create();
    offer();
    signal().catch(() => {});
  } else {
    for (const part of document.querySelectorAll("[data-if-no-passkey]")) part.hidden = false;
  }
}
