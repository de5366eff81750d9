// Builds elements. Text from outside only ever becomes textContent; nothing here parses HTML.

export const $ = (id) => document.getElementById(id);

// el("span", { class: "badge good", title: "x" }, "text", child, [children])
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export const badge = (text, kind = "") => el("span", { class: `badge ${kind}` }, text);

// Replaces the children only where the text or structure changed, so that focus and selection survive a poll.
export function fill(parent, ...children) {
  const fresh = el("div", {}, ...children);
  if (sameTree(parent, fresh)) return;
  parent.replaceChildren(...fresh.childNodes);
}

function sameTree(parent, fresh) {
  const a = parent.childNodes;
  const b = fresh.childNodes;
  return a.length === b.length && [...a].every((node, index) => node.isEqualNode(b[index]));
}

// A list whose items stay the same elements while their key stays, so that open details stay open.
export function keyed(parent, items, key, create, empty) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const name = String(key(item));
    const found = old.get(name);
    if (found) return found;
    const made = create(item);
    made.dataset.key = name;
    return made;
  });
  if (wanted.length === 0 && empty) wanted.push(el("li", { class: "empty" }, empty));
  const current = [...parent.children];
  if (current.length === wanted.length && current.every((child, index) => child === wanted[index])) return;
  parent.replaceChildren(...wanted);
}
