// Numbers, sizes and times for people.

export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size >= 1e9) return `${trimmed(value / 1e9)} G`;
  if (size >= 1e6) return `${trimmed(value / 1e6)} M`;
  if (size >= 1e4) return `${trimmed(value / 1e3)} k`;
  return trimmed(value);
}

function trimmed(value) {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size === 0 ? 0 : 3;
  return String(Number(value.toFixed(digits)));
}

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let size = value;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${Number(size.toFixed(size < 10 && unit > 0 ? 1 : 0))} ${units[unit]}`;
}

export function seconds(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size === 0) return "0 s";
  if (size < 0.001) return `${trimmed(value * 1e6)} µs`;
  if (size < 1) return `${trimmed(value * 1e3)} ms`;
  return size < 120 ? `${trimmed(value)} s` : span(value);
}

// Whole units of a longer time: 2 min, 3 h, 5 d.
export function span(value) {
  const size = Math.max(0, Math.round(Math.abs(value)));
  if (size < 120) return `${size} s`;
  if (size < 7200) return `${Math.round(size / 60)} min`;
  if (size < 172800) return `${Math.round(size / 3600)} h`;
  return `${Math.round(size / 86400)} d`;
}

// Seconds of a duration in Prometheus' notation: 1m30s.
export function duration(text) {
  const sizes = { y: 31536000, w: 604800, d: 86400, h: 3600, m: 60, s: 1, ms: 0.001 };
  let total = 0;
  for (const [, count, unit] of String(text).matchAll(/(\d+)(ms|[ywdhms])/g)) total += Number(count) * sizes[unit];
  return total;
}

export const share = (value) => `${trimmed(value * 100)} %`;

export function inUnit(value, unit) {
  switch (unit) {
    case "seconds": return seconds(value);
    case "bytes": return bytes(value);
    case "share": return share(value);
    default: return number(value);
  }
}

export function time(text) {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? "–" : date.toLocaleTimeString([], { hour12: false });
}

// With the day, where that is another one.
export function moment(text, now = new Date()) {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return "–";
  const isToday = date.toDateString() === now.toDateString();
  return isToday ? time(text) : date.toLocaleString([], { hour12: false });
}

export function age(text, now = Date.now()) {
  const date = new Date(text).getTime();
  if (Number.isNaN(date) || date < 0) return "never";
  const past = (now - date) / 1000;
  if (past < 0) return `in ${span(-past)}`;
  return past < 2 ? "just now" : `${span(past)} ago`;
}
