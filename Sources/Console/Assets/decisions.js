// The feed of decisions: what was decided and by which policy; and of one that is opened what it knew, how the count came
// about step by step, what holds it and until when, what would have been otherwise, what was sent, and its proof.

import { $, badge, el, fill, keyed } from "/assets/dom.js";
import { get } from "/assets/api.js";
import { age, inUnit, moment, share, span, time } from "/assets/format.js";

const holding = new Set(["held", "untrusted", "partial", "paused", "flapBudget", "changeCost", "rateLimited", "stabilised"]);

export const kindStyle = {
  scaling: "info", failover: "bad", migration: "warn", placement: "", request: "good", freeze: "warn",
  outcome: "", configuration: "", leadership: "", clock: "warn",
};

// Why a decision is recorded and has no effect; nothing for one that has.
const recorded = (entry) => entry.reasons.find((reason) => reason.kind === "shadow");

function headline(entry) {
  if (entry.desired !== undefined) {
    const change = entry.desired === entry.from
      ? `stays at ${entry.desired}` : `${entry.from} → ${entry.desired}`;
    return `${entry.workload} ${change}`;
  }
  return [entry.workload, entry.node].filter(Boolean).join(" · ") || entry.notes[0] || entry.kind;
}

function why(entry) {
  const steps = entry.reasons.filter((reason) => reason.kind !== "shadow");
  return (steps.length > 0 ? steps.map((reason) => reason.text) : entry.notes).join("; ");
}

function kindBadge(entry) {
  const reason = recorded(entry);
  if (!reason) return badge(entry.kind, kindStyle[entry.kind] ?? "");
  return badge(["shadow", "dry-run"].includes(reason.subject) ? reason.subject : "not in charge");
}

// The steps of a decision in their order, each with the count after it and when it lifts.
export const steps = (reasons) => el("ol", { class: "steps", "aria-label": "Reasons, with the count after each" },
  reasons.map((reason) => el("li", {},
    el("span", { class: "count" }, String(reason.count)),
    el("span", {}, badge(reason.kind, holding.has(reason.kind) ? "warn" : "info"), " ",
      reason.subject && !reason.text.includes(reason.subject) ? `${reason.subject}: ` : "",
      reason.text, reason.until ? ` (until ${time(reason.until)})` : ""))));

const part = (title, ...content) => el("section", {}, el("h3", {}, title), ...content);

function foreseen(input) {
  const seen = input.outlook;
  if (!seen) return null;
  const value = (number) => inUnit(number, input.unit);
  return el("span", { class: "sub" },
    `foreseen: ${value(seen.expectedPeak)}, ${share(seen.quantile)} of peaks within ${span(seen.horizon)} below ${value(seen.peak)}`,
    seen.keep === undefined ? "" : `, up to ${value(seen.keep)} within the hold`,
    ` · ${seen.model} · ${seen.trusted ? "trusted" : "not trusted: no better than the last value"}`);
}

function known(entry) {
  if (!entry.inputs) return null;
  const { desired, ready, starting } = entry.replicas;
  return part("What it knew", el("dl", {},
    entry.inputs.map((input) => [
      el("dt", {}, input.name),
      el("dd", { class: input.quality === "fresh" ? "" : "doubt" }, input.text, foreseen(input),
        input.history ? el("span", { class: "sub" }, `${input.history.known} of ${input.history.count} values of its past known`) : null),
    ]),
    entry.schedules?.map((schedule) => [el("dt", {}, "schedule"), el("dd", {}, `${schedule.name}, until ${moment(schedule.until)}`)]),
    el("dt", {}, "replicas"), el("dd", {}, `${desired} desired, ${ready} ready, ${starting} starting`)));
}

function binding(entry) {
  const held = entry.binding;
  if (!held) return el("p", {}, "Nothing holds it: the count is what was asked for.");
  return el("p", {}, "Held by ", badge(held.kind, "warn"), held.subject ? ` ${held.subject}` : "",
    held.until ? `, ${new Date(held.until) > Date.now() ? "lifts" : "lifted"} at ${moment(held.until)} (${age(held.until)})` : "");
}

function otherwise(entry) {
  if (!entry.counterfactuals) return null;
  return part("Had it been otherwise", el("ul", { class: "others" }, entry.counterfactuals.map((other) => el("li", {
    class: other.desired === entry.desired ? "same" : "",
  }, el("span", { class: "count" }, String(other.desired)), el("span", {}, other.name)))));
}

function sent(entry) {
  return part("What was sent", entry.commands.length === 0 ? el("p", { class: "quiet" }, "nothing")
    : entry.commands.map((command) => el("p", {}, el("span", { class: "mono" }, command.text), el("span", { class: "sub" }, `${command.id}: ${command.reason}`))));
}

function proof(entry) {
  return part("Proof",
    el("p", {}, el("code", {}, `flyball audit replay ${entry.id}`)),
    el("p", { class: "quiet" }, `entry ${entry.index} of the audit log, `,
      el("a", { href: `/api/v1/audit/proof/inclusion?index=${entry.index}` }, "proof that it is in it"),
      ` · decided on journal record ${entry.sequence}, SHA-256 `, el("span", { class: "mono" }, entry.evidence)));
}

// What the feed knows is shown at once, the rest when it has come.
function detail(entry, problem) {
  const isDecision = entry.desired !== undefined;
  return [
    known(entry),
    isDecision ? part("How it was decided", steps(entry.reasons), binding(entry)) : null,
    entry.notes.length > 0 ? part(isDecision ? "Also" : "Why", entry.notes.map((note) => el("p", {}, note))) : null,
    otherwise(entry), sent(entry), proof(entry),
    problem ? el("p", { class: "error" }, problem) : null,
    el("p", { class: "quiet" }, el("a", { href: `#${entry.id}` }, entry.id), " · ", [
      entry.policy ? `policy ${entry.policy}` : null, entry.principal ? `by ${entry.principal}` : null, moment(entry.at),
    ].filter(Boolean).join(" · ")),
  ];
}

async function open(entry, holder) {
  fill(holder, detail(entry));
  try {
    fill(holder, detail(await get(`/api/v1/scaling/decisions/${encodeURIComponent(entry.id)}`)));
  } catch (error) {
    fill(holder, detail(entry, error.message));
  }
}

function create(entry) {
  const holder = el("div", { class: "detail" });
  const details = el("details", {},
    el("summary", {},
      el("span", { class: "when", title: age(entry.at) }, time(entry.at)),
      el("span", { class: "what" }, headline(entry), entry.policy ? el("span", { class: "quiet" }, ` ${entry.policy}`) : null),
      kindBadge(entry),
      el("span", { class: "why" }, why(entry))),
    holder);
  // The detail is built when somebody looks.
  details.addEventListener("toggle", () => {
    if (details.open && holder.children.length === 0) open(entry, holder);
  });
  details.open = entry.id === linked();
  return el("li", {}, details);
}

// The entry that the address names, as #d3-17: it leads the feed however old it is.
const linked = () => /^#(d\d+-\d+)$/.exec(location.hash)?.[1];
let pinned = null;

export async function readLinked() {
  const id = linked();
  if (!id) pinned = null;
  else if (pinned?.id !== id) pinned = await get(`/api/v1/scaling/decisions/${id}`).catch(() => null);
}

const kinds = $("kinds");
fill(kinds, el("option", { value: "" }, "all"), Object.keys(kindStyle).map((kind) => el("option", { value: kind }, kind)));

export function showDecisions(entries, workload) {
  const shown = entries.filter((entry) => entry.id !== pinned?.id && (!kinds.value || entry.kind === kinds.value)
    && (!workload || !entry.workload || entry.workload === workload));
  keyed($("decisions"), pinned ? [pinned, ...shown] : shown, (entry) => entry.id, create, "Nothing decided yet.");
}

export function onKind(redraw) {
  kinds.addEventListener("change", redraw);
  window.addEventListener("hashchange", async () => {
    await readLinked();
    redraw();
    const first = $("decisions").querySelector("details");
    if (pinned && first) first.open = true;
    $("decisions").scrollTop = 0;
  });
}
