// The page: asks the service every second or two while somebody looks, and shows what came.

import { $, el, fill } from "/assets/dom.js";
import { get } from "/assets/api.js";
import { age, inUnit, number, seconds } from "/assets/format.js";
import { draw } from "/assets/graphs.js";
import { onKind, readLinked, showDecisions } from "/assets/decisions.js";
import { showFleet } from "/assets/fleet.js";
import { describePause, showActions, showPolicies } from "/assets/scaling.js";
import { showAlerts, showTargets } from "/assets/watch.js";

const ranges = [["5m", 300], ["15m", 900], ["1h", 3600], ["6h", 21600], ["1d", 86400]];
const state = { workload: null, range: 900, fleet: null, scaling: null, decisions: [], firing: 0, down: 0, targets: 0, now: {} };

function choose(parent, options, chosen, pick) {
  const shape = JSON.stringify([options, chosen]);
  if (parent.dataset.shape === shape) return;
  parent.dataset.shape = shape;
  parent.replaceChildren(...options.map(([label, value]) => el("button", {
    type: "button", "aria-pressed": String(value === chosen), onclick: () => pick(value),
  }, label)));
}

function pickRange(range) {
  state.range = range;
  chooseRange();
  refresh(drawCharts);
}

const chooseRange = () => choose($("ranges"), ranges, state.range, pickRange);

function pickWorkload(workload) {
  state.workload = workload;
  show();
  refresh(drawCharts);
}

const policy = () => {
  const own = state.scaling?.policies.filter((each) => each.workload === state.workload) ?? [];
  return own.find((each) => each.inCharge) ?? own[0] ?? null;
};

async function readState() {
  const [fleet, scaling, decisions, alerts, targets, runtime] = await Promise.all([
    get("/api/v1/fleet"), get("/api/v1/scaling"), get("/api/v1/scaling/decisions?limit=100"), get("/api/v1/alerts"),
    get("/api/v1/targets?state=active"), get("/api/v1/status/runtimeinfo"), readLinked(),
  ]);
  Object.assign(state, { fleet, scaling, decisions: decisions.decisions, runtime });
  const names = fleet.workloads.map((each) => each.name);
  if (!names.includes(state.workload)) {
    state.workload = scaling.policies.find((each) => names.includes(each.workload))?.workload ?? names[0] ?? null;
  }
  state.firing = showAlerts(alerts.alerts);
  state.down = showTargets(targets.activeTargets);
  state.targets = targets.activeTargets.length;
  show();
}

function show() {
  const { fleet, scaling } = state;
  if (!fleet) return;
  choose($("workloads"), fleet.workloads.map((each) => [each.name, each.name]), state.workload, pickWorkload);
  const workload = fleet.workloads.find((each) => each.name === state.workload);
  showFleet(fleet);
  showPolicies(scaling, state.workload);
  showDecisions(state.decisions, state.workload);
  showActions(state.workload, Boolean(workload?.pause), workload?.desired);
  showBanners(workload);
  showTiles(workload);
}

function showBanners(workload) {
  const { runtime, scaling, fleet } = state;
  const banner = (kind, text) => el("p", { class: `banner ${kind}` }, text);
  fill($("banners"),
    runtime?.reloadConfigSuccess === false
      ? banner("bad", `The last reload was refused; the configuration of ${age(runtime.lastConfigTime)} runs on.\n${runtime.reloadConfigError ?? ""}`) : null,
    fleet.standsDown ? banner("warn", `This service commands nothing: ${fleet.standsDown}`) : null,
    scaling.freeze ? banner("warn", `Removals are frozen, ends ${age(scaling.freeze.until)}: ${scaling.freeze.reason}`) : null,
    scaling.pauses.map((pause) => banner("warn", describePause(pause))),
    (workload?.unplaced ?? []).length > 0 ? banner("bad", `${workload.name} has a replica without a place: ${workload.unplaced.join("; ")}`) : null,
    workload?.backOffUntil ? banner("warn", `${workload.name} failed to start several times in a row; next start ${age(workload.backOffUntil)}`) : null);
}

function tile(name, value, hint = "", kind = "") {
  return el("div", { class: `tile ${kind}` }, el("div", { class: "name" }, name), el("div", { class: "value" }, value), el("div", { class: "hint", title: hint }, hint || "\u00a0"));
}

function showTiles(workload) {
  const { demand, capacity, peak, unit, median, tail } = state.now;
  const use = capacity > 0 ? demand / capacity : null;
  const alive = workload ? [[workload.starting, "starting"], [workload.unready, "unready"], [workload.stopping, "stopping"]]
    .filter(([count]) => count > 0).map(([count, phase]) => `${count} ${phase}`).join(", ") : "";
  fill($("tiles"),
    workload ? tile("Replicas", [String(workload.ready), el("small", {}, ` of ${workload.desired}`)], alive || "all ready", workload.ready < workload.desired ? "warn" : "") : null,
    tile("Demand", inUnit(demand ?? NaN, unit), peak ? `up to ${inUnit(peak, unit)} ahead` : ""),
    capacity !== null && capacity !== undefined ? tile("Capacity", inUnit(capacity, unit), use === null ? "" : `${Math.round(use * 100)} % used`, use > 1 ? "bad" : "") : null,
    tile("Latency p99", seconds(tail ?? NaN), `p50 ${seconds(median ?? NaN)}`),
    tile("Nodes", [String(state.fleet.nodes.filter((node) => node.health === "ready").length), el("small", {}, ` of ${state.fleet.nodes.length}`)],
      state.fleet.nodes.filter((node) => node.draining).map((node) => `${node.name} draining`).join(", ") || "ready",
      state.fleet.nodes.some((node) => node.health === "lost" || node.health === "suspect") ? "bad" : ""),
    tile("Alerts", String(state.firing), state.firing > 0 ? "firing" : "none firing", state.firing > 0 ? "bad" : ""),
    tile("Targets", [String(state.targets - state.down), el("small", {}, ` of ${state.targets}`)], state.down > 0 ? `${number(state.down)} down` : "all up", state.down > 0 ? "warn" : ""));
}

async function drawCharts() {
  if (!state.workload) return;
  state.now = await draw(state.workload, policy(), state.range);
  show();
}

// One reading at a time; a slow service is asked less often, a hidden page asks nothing.
let busy = false;
let lastGood = 0;

async function refresh(part) {
  if (document.hidden || (busy && part === undefined)) return;
  busy = true;
  const live = $("live");
  try {
    if (part) await part();
    else {
      await readState();
      await drawCharts();
    }
    lastGood = Date.now();
    live.className = "live good";
    live.textContent = "Live";
  } catch (error) {
    live.className = "live bad";
    live.textContent = lastGood > 0 ? `Last heard ${age(lastGood)}` : "No connection";
    live.title = error.message;
  } finally {
    busy = false;
  }
}

chooseRange();
onKind(show);
document.addEventListener("visibilitychange", () => refresh());
setInterval(() => refresh(), 2000);
refresh();
