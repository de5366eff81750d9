// The feed of decisions: what was decided, why, and step by step how the count came about.

import { $, badge, el, fill, keyed } from "/assets/dom.js";
import { age, time } from "/assets/format.js";

const holding = new Set(["held", "untrusted", "paused", "flapBudget", "rateLimited", "stabilised"]);

export const kindStyle = {
  scaling: "info", failover: "bad", migration: "warn", placement: "", request: "good", freeze: "warn",
  outcome: "", configuration: "", leadership: "", clock: "warn",
};

function headline(entry) {
  if (entry.desired !== undefined) {
    const change = entry.desired === entry.from
      ? `stays at ${entry.desired}` : `${entry.from} → ${entry.desired}`;
    return `${entry.workload} ${change}`;
  }
  return [entry.workload, entry.node].filter(Boolean).join(" · ") || entry.notes[0] || entry.kind;
}

function why(entry) {
  if (entry.reasons.length > 0) return entry.reasons.map((reason) => reason.text).join("; ");
  return entry.notes.join("; ");
}

function detail(entry) {
  const steps = entry.reasons.map((reason) => el("li", {},
    el("span", { class: "count" }, String(reason.count)),
    el("span", {}, badge(reason.kind, holding.has(reason.kind) ? "warn" : "info"), " ", reason.subject && !reason.text.includes(reason.subject) ? `${reason.subject}: ` : "",
      reason.text, reason.until ? ` (until ${time(reason.until)})` : "")));
  return el("div", { class: "detail" },
    steps.length > 0 ? el("ol", { "aria-label": "Reasons, with the count after each" }, steps) : null,
    entry.notes.map((note) => el("p", {}, note)),
    entry.commands.length > 0
      ? el("div", {}, entry.commands.map((command) => el("p", { class: "mono" }, `${command.text}`))) : null,
    el("p", { class: "quiet" }, [
      `flyball explain ${entry.id}`, entry.policy ? `policy ${entry.policy}` : null,
      entry.principal ? `by ${entry.principal}` : null, new Date(entry.at).toLocaleString([], { hour12: false }),
    ].filter(Boolean).join(" · ")));
}

function create(entry) {
  const details = el("details", {},
    el("summary", {},
      el("span", { class: "when", title: age(entry.at) }, time(entry.at)),
      el("span", { class: "what" }, headline(entry)),
      badge(entry.kind, kindStyle[entry.kind] ?? ""),
      el("span", { class: "why" }, why(entry))));
  // The detail is built when somebody looks.
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(detail(entry));
  });
  return el("li", {}, details);
}

const kinds = $("kinds");
fill(kinds, el("option", { value: "" }, "all"), Object.keys(kindStyle).map((kind) => el("option", { value: kind }, kind)));

export function showDecisions(entries, workload) {
  const shown = entries.filter((entry) => (!kinds.value || entry.kind === kinds.value)
    && (!workload || !entry.workload || entry.workload === workload));
  keyed($("decisions"), shown, (entry) => entry.id, create, "Nothing decided yet.");
}

export const onKind = (redraw) => kinds.addEventListener("change", redraw);
