// Alerts and scrape targets.

import { $, badge, el, fill } from "/assets/dom.js";
import { age, seconds } from "/assets/format.js";

const severity = { firing: 0, pending: 1 };

export function showAlerts(alerts) {
  const ordered = [...alerts].sort((a, b) => severity[a.state] - severity[b.state] || a.activeAt.localeCompare(b.activeAt));
  const firing = alerts.filter((alert) => alert.state === "firing").length;
  fill($("alerts-note"), `${firing} firing, ${alerts.length - firing} pending`);
  fill($("alerts"), ordered.length === 0 ? el("li", { class: "empty" }, "Nothing to worry about.") : ordered.slice(0, 50).map((alert) => {
    const { alertname, ...others } = alert.labels;
    return el("li", {}, badge(alert.state, alert.state === "firing" ? "bad" : "warn"), el("b", {}, alertname),
      el("span", { class: "quiet" }, age(alert.activeAt)),
      el("span", { class: "sub" }, alert.annotations.summary ?? alert.annotations.description
        ?? Object.entries(others).map(([key, value]) => `${key}=${value}`).join(" ")));
  }));
  return firing;
}

export function showTargets(targets) {
  const style = { up: "good", down: "bad", unknown: "" };
  const down = targets.filter((target) => target.health === "down");
  fill($("targets-note"), `${targets.length - down.length} of ${targets.length} up`);
  const pools = [...Map.groupBy(targets, (target) => target.scrapePool)].sort(([a], [b]) => a.localeCompare(b));
  fill($("targets"), pools.length === 0 ? el("li", { class: "empty" }, "No targets.") : pools.map(([pool, members]) => {
    const broken = members.filter((target) => target.health === "down");
    const health = broken.length > 0 ? "down" : members.some((target) => target.health === "up") ? "up" : "unknown";
    const slowest = Math.max(...members.map((target) => target.lastScrapeDuration));
    return el("li", {}, badge(health, style[health]), el("b", {}, pool),
      el("span", { class: "quiet" }, `${members.length - broken.length}/${members.length} · slowest ${seconds(slowest)}`),
      broken.slice(0, 5).map((target) => el("span", { class: "sub" }, `${target.labels.instance ?? target.scrapeUrl}: ${target.lastError}`)));
  }));
  return down.length;
}
