// Building pages from elements: text is always text, never HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; strings become text, null and false are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const DRAWINGS = {
  Auto: "M4 16v-3.2a2 2 0 0 1 .4-1.2L6.3 9V8.400A2.400 2.400 0 0 1 8.600 6.500h6.800a2.400 2.400 0 0 1 2.200 1.500L19 11.300l.6.8a2 2 0 0 1 .4 1.200V16a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1zM5.500 11.500h13M7 14h1.500M15.500 14H17M6.500 17v2M17.500 17v2",
  Flotta: "M3 7h11v9H3zM14 10h3.500l3.500 3.500V16h-7M7 18.500a1.700 1.700 0 1 0 0-.01M17 18.500a1.700 1.700 0 1 0 0-.01",
  Vita: "M12 20s-7.500-4.600-7.500-10A4.300 4.300 0 0 1 12 7.300 4.300 4.300 0 0 1 19.500 10c0 5.400-7.500 10-7.500 10z",
  Sanitaria: "M12 20s-7.500-4.600-7.500-10A4.300 4.300 0 0 1 12 7.300 4.300 4.300 0 0 1 19.500 10c0 5.400-7.500 10-7.500 10zM12 9.800v5M9.500 12.300h5",
  Casa: "M4 11.500 12 5l8 6.500M6 10v9h12v-9M10 19v-5h4v5",
  Professione: "M4 8.500h16V19H4zM9 8.500V6.300A1.300 1.300 0 0 1 10.300 5h3.400A1.300 1.300 0 0 1 15 6.300v2.200M4 13h16M12 12v2",
  Incendio: "M12 20.500a5.500 5.500 0 0 0 5.500-5.500c0-4.500-4-5.500-3.500-11-3 1.500-4.500 4-4.300 6.500C8.500 10 8.300 9 8.300 9A8 8 0 0 0 6.500 15a5.500 5.500 0 0 0 5.500 5.500z",
  Negozio: "M5 10v9.500h14V10M4 10l1.500-5h13L20 10a2.600 2.600 0 0 1-5.300 0 2.600 2.600 0 0 1-5.400 0A2.600 2.600 0 0 1 4 10zM10 19.500V15h4v4.500",
  Agricoltura: "M12 20v-8M12 12c0-3.500 2.500-6 7-6 0 4.500-2.500 7-7 7M12 15c0-2.800-2-5-6-5 0 3.800 2 6 6 6",
  policies: "M12 3.500 19 6v5.500c0 4.300-2.900 7.500-7 9-4.100-1.500-7-4.700-7-9V6z",
  documents: "M7 3.500h7l4 4v13H7zM14 3.500v4h4M10 12h5M10 15.500h5",
  help: "M8.200 4.500 10 8.700l-2 1.700a11 11 0 0 0 5.600 5.600l1.700-2 4.200 1.800v3.200a1.500 1.500 0 0 1-1.500 1.500C10.600 20.500 3.500 13.400 3.500 6a1.500 1.500 0 0 1 1.500-1.500z",
  me: "M12 12.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20c.6-3.700 3.700-5.500 7.500-5.500s6.900 1.800 7.500 5.500",
  finger: "M6.500 17.500c.7-1.700 1-3.500 1-5.500a4.500 4.500 0 0 1 9 0c0 2.500-.3 4.800-1 7M12 12c0 3-.5 5.800-1.700 8.300M4 14.500c.3-.8.500-1.600.5-2.500a7.500 7.500 0 0 1 12-6M18.800 9c.5 1 .700 2 .7 3 0 1.600-.1 3-.4 4.500",
  payout: "M3.500 7h17v10.500h-17zM12 14.500a2.250 2.250 0 1 0 0-.01M7 10v.01M17 14.500v.01",
  check: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8 12.300l2.800 2.800L16.200 9.500",
  lock: "M6 10.500h12v9.500H6zM8.500 10.500V8a3.500 3.500 0 0 1 7 0v2.500M12 14.500v2",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.500M12 7.500v.3",
  chevron: "M9.500 6l6 6-6 6",
};

export function icon(name) {
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", width: 24, height: 24, "aria-hidden": "true" },
    svg("path", { d: DRAWINGS[name] ?? DRAWINGS.policies }));
}

export function umbrella() {
  return svg("svg", { class: "umbrella", viewBox: "0 0 36 36", width: 36, height: 36, "aria-hidden": "true" },
    svg("path", { class: "dome", d: "M3 19a15 15 0 0 1 30 0c-1.9-2.3-5.3-2.3-7.5 0-2.1-2.3-5.4-2.3-7.5 0-2.1-2.3-5.4-2.3-7.5 0-2.2-2.3-5.6-2.3-7.5 0z" }),
    svg("path", { class: "crook", d: "M18 21v8.2a3.2 3.2 0 0 0 6.4 0" }));
}
