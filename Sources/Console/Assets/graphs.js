// What the three charts show of one workload: which queries, and how their rows become lines.

import { $ } from "/assets/dom.js";
import { Chart, join } from "/assets/charts.js";
import { Series } from "/assets/series.js";
import { duration, inUnit, number, seconds } from "/assets/format.js";

const quoted = (text) => JSON.stringify(text);
const nodeColors = ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"];

const reads = new Map();
const read = (name) => reads.get(name) ?? reads.set(name, new Series()).get(name);

let unit = "plain";
const demandChart = new Chart($("chart-demand"), $("legend-demand"), { format: (value) => inUnit(value, unit) });
const replicaChart = new Chart($("chart-replicas"), $("legend-replicas"), { format: number, stacked: true });
const latencyChart = new Chart($("chart-latency"), $("legend-latency"), { format: seconds });

// The signal whose number is demand: the one that says what a replica carries, else the one that is foreseen.
export function demandSignal(policy) {
  const signals = policy?.signals ?? [];
  return signals.find((each) => each.name === policy.prediction?.signal)
    ?? signals.find((each) => each.target.kind === "perReplica") ?? signals[0] ?? null;
}

export async function draw(workload, policy, range) {
  const step = Math.max(1, Math.ceil(range / 300));
  const now = Date.now() / 1000;
  const end = Math.floor(now / step) * step;
  const span = { start: end - range, end, step, now };
  const shown = await Promise.allSettled([
    drawDemand(workload, policy, span), drawReplicas(workload, span), drawLatency(workload, policy, span),
  ]);
  const failed = shown.find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
  return { ...shown[0].value, ...shown[2].value };
}

const lines = (name, expression, span) => read(name).read(expression, span.start, span.end, span.step);
const first = (rows) => rows[0]?.points ?? new Map();
// A line ends where nothing was measured for several steps, and does not lead straight to what comes next.
function broken(points, step) {
  const times = [...points.keys()].sort((a, b) => a - b);
  const gaps = times.filter((at, index) => times[index + 1] - at > 3 * step);
  return new Map([...points, ...gaps.map((at) => [at + step, NaN])]);
}
// A band from its first to its last number: a line has none, an area reaches down to zero.
const line = (points) => new Map([...points].map(([at, value]) => [at, [value, value, value]]));
const area = (points) => new Map([...points].map(([at, value]) => [at, [0, value, value]]));

async function drawDemand(workload, policy, span) {
  const signal = demandSignal(policy);
  if (!signal) {
    demandChart.note("No policy scales this workload, so nothing says what its demand is.");
    return {};
  }
  unit = signal.unit;
  const perReplica = signal.target.kind === "perReplica" ? signal.target.value : null;
  const ready = `sum(flyball_replicas{workload=${quoted(workload)},phase="ready"})`;
  const [demand, capacity, forecast] = await Promise.all([
    lines("demand", signal.query, span),
    perReplica ? lines("capacity", `${ready} * ${perReplica}`, span) : [],
    lines("forecast", `flyball_forecast{policy=${quoted(policy.name)},signal=${quoted(signal.name)}}`, span),
  ]);
  const band = forecastBand(forecast, span);
  const series = [{ label: "demand", color: "blue", band: "area" }];
  const columns = [area(broken(first(demand), span.step))];
  if (perReplica) {
    series.push({ label: "capacity", color: "green", band: "line", step: true });
    columns.push(line(broken(first(capacity), span.step)));
  }
  if (band.size > 0) {
    series.push({ label: "forecast", color: "violet", band: "range", dash: [5, 4], width: 1.6 });
    columns.push(band);
  }
  const horizon = Math.max(span.end, ...band.keys());
  demandChart.show(
    series, join(columns, span.start, horizon), [span.start * 1000, Math.max(horizon, span.end) * 1000], span.now * 1000);
  return { demand: last(first(demand)), capacity: last(first(capacity)), peak: peakAhead(band, span), unit };
}

// A forecast that was made at t for the peak within its horizon h is drawn at t + h; a later one for the same moment
// replaces an earlier one. The horizon is what replicas take to start, so it changes with time.
function forecastBand(rows, span) {
  const byHorizon = Map.groupBy(rows, (row) => row.labels.horizon);
  const band = new Map();
  const madeAt = new Map();
  for (const [horizon, group] of byHorizon) {
    for (const made of group[0].points.keys()) {
      const cells = group.filter((row) => Number.isFinite(row.points.get(made)));
      const at = Math.round((made + duration(horizon)) / span.step) * span.step;
      if (cells.length === 0 || (madeAt.get(at) ?? 0) > made) continue;
      const values = cells.map((row) => row.points.get(made));
      const middle = cells.find((row) => row.labels.quantile === "mean") ?? cells[0];
      band.set(at, [Math.min(...values), middle.points.get(made), Math.max(...values)]);
      madeAt.set(at, made);
    }
  }
  return band;
}

const last = (points) => points.size > 0 ? points.get(Math.max(...points.keys())) : null;

function peakAhead(band, span) {
  const ahead = [...band].filter(([at]) => at > span.end).map(([, cell]) => cell[2]);
  return ahead.length > 0 ? Math.max(...ahead) : null;
}

async function drawReplicas(workload, span) {
  const expression = `sum by (node) (flyball_replicas{workload=${quoted(workload)},phase=~"starting|ready|unready"})`;
  const rows = await lines("replicas", expression, span);
  const name = (row) => row.labels.node ?? "unknown";
  rows.sort((a, b) => name(a).localeCompare(name(b), undefined, { numeric: true }));
  const series = rows.map((row, index) => ({
    label: name(row), color: nodeColors[index % nodeColors.length], step: true, width: 1,
  }));
  // A node without a sample runs no replica; in a stack a hole would shift what lies above it.
  const table = join(rows.map((row) => row.points), span.start, span.end, 0);
  replicaChart.show(series, table, [span.start * 1000, span.end * 1000], span.now * 1000);
}

async function drawLatency(workload, policy, span) {
  const buckets = `sum by (le) (rate(http_request_duration_seconds_bucket{workload=${quoted(workload)}}[1m]))`;
  const [median, tail] = await Promise.all([
    lines("median", `histogram_quantile(0.5, ${buckets})`, span),
    lines("tail", `histogram_quantile(0.99, ${buckets})`, span),
  ]);
  const finite = (points) => new Map([...points].filter(([, value]) => Number.isFinite(value)));
  const measured = [finite(first(median)), finite(first(tail))];
  const columns = measured.map((points) => broken(points, span.step));
  const series = [{ label: "p50", color: "green" }, { label: "p99", color: "n2" }];
  const objective = policy?.signals.find((each) => each.target.kind === "objective")?.target.value;
  const table = join(columns, span.start, span.end);
  if (objective && table.length > 0) {
    series.push({ label: "objective", color: "red", dash: [4, 4], width: 1 });
    for (const row of table) row.push(objective);
  }
  latencyChart.show(series, table, [span.start * 1000, span.end * 1000], span.now * 1000);
  return { median: last(measured[0]), tail: last(measured[1]) };
}
