// Range queries that are asked again and again: only what is new is fetched, the rest is kept.

import { query } from "/assets/api.js";

export class Series {
  constructor() {
    this.expression = "";
    this.step = 0;
    this.rows = new Map();
    this.until = 0;
  }

  // Rows as [{ labels, points: Map(second -> value) }] for the steps of the range.
  async read(expression, start, end, step) {
    if (expression !== this.expression || step !== this.step || this.until < start) {
      this.expression = expression;
      this.step = step;
      this.rows = new Map();
      this.until = start - step;
    }
    // The last steps are asked again: samples may have come after they were evaluated.
    const from = Math.max(start, this.until - 3 * step);
    if (from <= end) {
      const data = await query(expression, from, end, step);
      for (const row of this.rows.values()) {
        for (const at of row.points.keys()) if (at < start || at >= from) row.points.delete(at);
      }
      for (const found of data.result) {
        const key = JSON.stringify(found.metric);
        const row = this.rows.get(key) ?? { labels: found.metric, points: new Map() };
        for (const [at, value] of found.values ?? []) row.points.set(at, Number(value.replace("Inf", "Infinity")));
        this.rows.set(key, row);
      }
      for (const [key, row] of this.rows) if (row.points.size === 0) this.rows.delete(key);
      this.until = end;
    }
    return [...this.rows.values()];
  }
}
