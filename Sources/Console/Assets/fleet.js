// Nodes with their replicas and reservations, and what may be done to them.

import { $, badge, el, fill } from "/assets/dom.js";
import { confirm } from "/assets/confirm.js";
import { age, bytes, number } from "/assets/format.js";

const healthStyle = { ready: "good", expected: "", suspect: "warn", lost: "bad" };
const phases = ["ready", "starting", "unready", "crashed", "stopping"];

function meter(used, whole, text) {
  const share = whole > 0 ? Math.min(1, used / whole) : 0;
  const bar = el("i");
  bar.style.width = `${(share * 100).toFixed(1)}%`;
  return el("div", { class: "meter" },
    el("div", { role: "meter", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": Math.round(share * 100), "aria-label": text }, bar), text);
}

function boxes(replicas) {
  if (replicas.length === 0) return el("span", { class: "quiet" }, "none");
  const ordered = [...replicas].sort((a, b) => phases.indexOf(a.phase) - phases.indexOf(b.phase));
  const counts = phases.map((phase) => [phase, replicas.filter((each) => each.phase === phase).length]).filter(([, count]) => count > 0);
  return el("div", {},
    el("div", { class: "boxes", "aria-hidden": "true" }, ordered.slice(0, 60).map((each) => el("span", {
      class: each.phase, title: `${each.id}: ${each.phase}${each.restarts > 0 ? `, ${each.restarts} restarts` : ""}${each.message ? `, ${each.message}` : ""}`,
    }))),
    el("span", { class: "sub" }, counts.map(([phase, count]) => `${count} ${phase}`).join(", ")));
}

function actions(view, replicas) {
  const node = view.name;
  const send = (verb) => ({ path: `/api/v1/fleet/nodes/${encodeURIComponent(node)}/${verb}`, body: ({ reason }) => ({ reason }) });
  const button = (label, options) => el("button", { type: "button", "data-node": node, onclick: () => confirm(options) }, label);
  if (view.cordoned || view.draining) {
    return el("div", { class: "actions" }, button("Resume", {
      title: `Resume ${node}`, action: "Resume node", ...send("resume"),
      effect: "It takes new replicas again; a drain that is under way ends.",
    }));
  }
  return el("div", { class: "actions" },
    button("Cordon", { title: `Cordon ${node}`, action: "Cordon node", ...send("cordon"), effect: "It takes no new replicas. What runs there stays." }),
    button("Drain", {
      title: `Drain ${node}`, action: "Drain node", ...send("drain"),
      effect: `Its ${replicas.length} replicas are started elsewhere and then stopped here, within the disruption budgets.`,
    }));
}

function state(view) {
  const since = view.since ? ` since ${age(view.since)}` : "";
  return [
    badge(view.health, healthStyle[view.health] ?? ""), " ",
    view.draining ? badge("draining", "warn") : view.cordoned ? badge("cordoned", "warn") : null,
    view.quarantinedUntil ? badge(`quarantined, ends ${age(view.quarantinedUntil)}`, "bad") : null,
    since && view.health !== "ready" ? el("span", { class: "sub" }, since) : null,
    view.drainBlockers.map((text) => el("span", { class: "sub" }, text)),
  ];
}

// Rows are kept while nothing in them changes; listeners do not survive a comparison by markup, so keys decide.
const rows = new Map();

export function showFleet(fleet) {
  const byNode = Map.groupBy(fleet.replicas, (each) => each.node);
  const body = $("nodes");
  const wanted = fleet.nodes.map((view) => {
    const replicas = byNode.get(view.name) ?? [];
    const shape = JSON.stringify([view, replicas]);
    const known = rows.get(view.name);
    if (known?.shape === shape) {
      fill(known.heard, age(view.lastHeard));
      return known.row;
    }
    const heard = el("td", {}, age(view.lastHeard));
    const labels = Object.entries(view.labels).map(([key, value]) => `${key}=${value}`).join(" ");
    const row = el("tr", {},
      el("td", { class: "name" }, view.name, el("span", { class: "sub" }, labels)),
      el("td", {}, state(view)), el("td", {}, boxes(replicas)),
      el("td", {}, meter(view.requested.cpu, view.allocatable.cpu, `${number(view.requested.cpu)} of ${number(view.allocatable.cpu)}`)),
      el("td", {}, meter(view.requested.memory, view.allocatable.memory, `${bytes(view.requested.memory)} of ${bytes(view.allocatable.memory)}`)),
      heard, el("td", {}, actions(view, replicas)));
    rows.set(view.name, { shape, row, heard });
    return row;
  });
  if (wanted.length === 0) wanted.push(el("tr", {}, el("td", { colspan: "7", class: "quiet" }, "No nodes configured.")));
  if (wanted.length !== body.children.length || wanted.some((row, index) => row !== body.children[index])) {
    body.replaceChildren(...wanted);
  }
  const open = fleet.commands.length;
  fill($("fleet-note"), open > 0 ? `${open} command${open === 1 ? "" : "s"} under way` : fleet.observedAt ? `seen ${age(fleet.observedAt)}` : "");
}
