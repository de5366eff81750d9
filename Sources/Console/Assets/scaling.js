// Policies with their signals, pauses, and what may be done to a workload's count.

import { $, badge, el, fill } from "/assets/dom.js";
import { confirm } from "/assets/confirm.js";
import { steps } from "/assets/decisions.js";
import { age, inUnit, span } from "/assets/format.js";

function target(signal) {
  const value = (number) => inUnit(number, signal.unit);
  switch (signal.target.kind) {
    case "perReplica": return `${value(signal.target.value)} per replica`;
    case "mean": return `${value(signal.target.value)} on average`;
    case "objective": return `at most ${value(signal.target.value)}`;
    case "backlog": return `worked off in ${span(signal.target.within)} at ${value(signal.target.value)} per second and replica`;
    default: return "steps";
  }
}

function reading(signal) {
  switch (signal.reading?.state) {
    case "value": return el("b", {}, inUnit(signal.reading.value, signal.unit));
    case "stale": return [el("b", {}, inUnit(signal.reading.value, signal.unit)), " ", badge("stale", "warn")];
    case "missing": return badge("no data", "warn");
    case "notFinite": return badge("not a number", "warn");
    case "failed": return [badge("query failed", "bad"), " ", signal.reading.error];
    default: return badge("not measured yet");
  }
}

function outlook(signal) {
  const seen = signal.outlook;
  if (!seen) return null;
  return el("span", { class: "quiet" },
    ` · up to ${inUnit(seen.peak, signal.unit)} within ${span(seen.horizon)} (${seen.model}${seen.trusted ? "" : ", not trusted yet"})`);
}

function policyView(policy) {
  const mode = policy.mode === "active" ? (policy.inCharge ? badge("in charge", "good") : badge("not in charge")) : badge(policy.mode);
  return el("div", { class: "policy" },
    el("div", { class: "line" }, el("b", {}, policy.name), mode,
      el("span", { class: "quiet" }, `${policy.workload} · ${policy.minReplicas} to ${policy.maxReplicas} replicas · every ${span(policy.interval)}`)),
    el("dl", {}, policy.signals.map((signal) => [
      el("dt", {}, signal.name), el("dd", {}, reading(signal), el("span", { class: "quiet" }, ` · ${target(signal)}`), outlook(signal)),
    ])),
    policy.decision ? steps(policy.decision.reasons) : null,
    policy.decision && policy.entry ? el("p", { class: "quiet" }, `wants ${policy.decision.desired} · `,
      el("a", { href: `#${policy.entry}` }, `explain ${policy.entry}`)) : null);
}

export function showPolicies(scaling, workload) {
  const shown = scaling.policies.filter((policy) => !workload || policy.workload === workload);
  fill($("policies"), shown.length > 0 ? shown.map(policyView) : el("p", { class: "quiet" }, "No policy for this workload."));
}

let actionsFor = "";

export function showActions(workload, isPaused, desired) {
  const shape = JSON.stringify([workload, isPaused, desired]);
  if (!workload || shape === actionsFor) return;
  actionsFor = shape;
  const button = (label, options) => el("button", { type: "button", onclick: () => confirm(options) }, label);
  const pause = button("Pause", {
    title: `Pause scaling of ${workload}`, action: "Pause", path: "/api/v1/scaling/pause",
    effect: "Its count stays as it is until the pause ends or somebody resumes. Lost replicas are still replaced.",
    fields: [{ name: "for", label: "For", value: "30m" }],
    body: (entered) => ({ workload, reason: entered.reason, for: entered.for }),
  });
  const resume = button("Resume", {
    title: `Resume scaling of ${workload}`, action: "Resume", path: "/api/v1/scaling/resume",
    effect: "Its policies decide the count again, from now on.", body: ({ reason }) => ({ workload, reason }),
  });
  const scale = button("Scale", {
    title: `Scale ${workload}`, action: "Scale", path: `/api/v1/scaling/workloads/${encodeURIComponent(workload)}/scale`,
    effect: "The count holds until a policy decides otherwise; pause the workload to keep it.",
    fields: [{ name: "count", label: "Replicas", type: "number", value: desired, min: 0 }],
    body: (entered) => ({ count: Number(entered.count), reason: entered.reason }),
  });
  $("pause-actions").replaceChildren(scale, isPaused ? resume : pause);
}

export const describePause = (pause) =>
  `Scaling of ${pause.workload ?? "everything"} is paused by ${pause.principal}, ends ${age(pause.until)}: ${pause.reason}`;
