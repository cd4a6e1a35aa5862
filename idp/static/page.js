// Comforts on top of pages that work without them: show a password, tick its rules, count down, say "one moment".
// Every word comes from the page, already in its language.
"use strict";

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// --- an answer to a form is kept as the page it stands for: going back or reloading asks for it, and sends nothing again
if (one("form")) history.replaceState(history.state, "", location.href);

// --- show and hide a password; hidden again before it is sent, so that no browser keeps it as plain text
for (const button of all("[data-reveals]")) {
  const field = document.getElementById(button.dataset.reveals);
  const set = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = shown ? button.dataset.hide : button.dataset.show;
    button.setAttribute("aria-label", shown ? button.dataset.hideLabel : button.dataset.showLabel);
  };
  button.addEventListener("click", () => set(field.type === "password"));
  field.form.addEventListener("submit", () => set(false));
  button.hidden = false;
}

// --- the rules of a password tick themselves; the server judges again
const rules = one("[data-checks]");
if (rules) {
  const field = document.getElementById(rules.dataset.checks);
  const status = document.getElementById("rules-status");
  const items = all("[data-rule]", rules);
  const judges = {
    length: (text, item) => {
      const length = [...text].length;
      return length >= Number(item.dataset.min) && length <= Number(item.dataset.max);
    },
    upper: (text) => /\p{Lu}/u.test(text),
    lower: (text) => /\p{Ll}/u.test(text),
    digit: (text) => /[0-9]/.test(text),
  };
  let later = 0;
  const judge = () => {
    const text = field.value.normalize("NFC");
    let met = 0;
    for (const item of items) {
      const good = judges[item.dataset.rule](text, item);
      item.classList.toggle("met", good);
      met += good ? 1 : 0;
    }
    clearTimeout(later);
    // Spoken when the typing pauses, not at every key.
    later = setTimeout(() => {
      status.textContent = text
        ? rules.dataset.met.replace("{met}", met).replace("{all}", items.length)
        : "";
    }, 900);
  };
  field.addEventListener("input", judge);
  if (field.value) judge();
}

// --- countdowns: by the clock, so that a sleeping phone does not stretch them
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

const countDown = (seconds, tick, done) => {
  const end = performance.now() + seconds * 1000;
  const step = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    if (left > 0) {
      tick(left);
      setTimeout(step, 250);
    } else {
      done();
    }
  };
  step();
};

const life = document.getElementById("code-life");
if (life && Number(life.dataset.seconds) > 0) {
  const spoken = document.getElementById("code-life-spoken");
  const say = (words) => { if (spoken.textContent !== words) spoken.textContent = words; };
  const total = Number(life.dataset.seconds);
  countDown(total, (left) => {
    life.textContent = life.dataset.running.replace("{time}", clock(left));
    if (left <= 15) say(spoken.dataset.fewSeconds);
    else if (left <= 60 && total > 60) say(spoken.dataset.oneMinute);
  }, () => {
    life.textContent = life.dataset.over;
    say(life.dataset.over);
  });
}

const resend = document.getElementById("resend");
const wait = document.getElementById("resend-wait");
if (resend && wait) {
  const refuse = (event) => event.preventDefault();
  resend.setAttribute("aria-disabled", "true");
  resend.addEventListener("click", refuse);
  countDown(Number(wait.dataset.seconds), (left) => {
    wait.textContent = wait.dataset.running.replace("{time}", clock(left));
  }, () => {
    wait.textContent = "";
    resend.removeAttribute("aria-disabled");
    resend.removeEventListener("click", refuse);
  });
}

// --- a form is sent once; progress shows when the answer takes longer than a blink
for (const form of all("form[data-busy]")) {
  let sent = false;
  let blink = 0;
  form.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    blink = setTimeout(() => {
      form.classList.add("busy");
      const words = document.createElement("p");
      words.className = "visually-hidden";
      words.setAttribute("role", "status");
      form.append(words);
      words.textContent = form.dataset.busy;
    }, 300);
  });
  addEventListener("pageshow", () => {
    sent = false;
    clearTimeout(blink);
    form.classList.remove("busy");
  });
}

// --- copy what assistance asks for
for (const button of all("[data-copies]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(all(button.dataset.copies).map((part) => part.textContent).join(" · "));
    button.textContent = button.dataset.done;
  });
}
