// The charts, drawn by dygraphs. Its legend and titles would parse HTML, so they are switched off and drawn here.

import { el, fill } from "/assets/dom.js";

// The legend of dygraphs also writes inline styles, which the page's policy forbids.
if (typeof Dygraph !== "undefined") Dygraph.PLUGINS = Dygraph.PLUGINS.filter((each) => each !== Dygraph.Plugins.Legend);

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export class Chart {
  // series: [{ label, color, band, step, dash, width }]; format: value -> text.
  constructor(holder, legend, { format, stacked = false, fromZero = true }) {
    this.holder = holder;
    this.legend = legend;
    this.format = format;
    this.stacked = stacked;
    this.fromZero = fromZero;
    this.shape = "";
    this.graph = null;
    this.hovered = null;
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  // rows: [[Date, [low, value, high] or value, ...]], as many as series; window: [from, to] in ms.
  show(series, rows, window, now) {
    this.last = [series, rows, window, now];
    if (typeof Dygraph === "undefined") {
      return this.note("Charts need Debian's package libjs-dygraphs: apt-get install libjs-dygraphs, then reload this page.");
    }
    if (rows.length === 0) return this.note("No data in this range yet.");
    this.series = series;
    this.rows = rows;
    this.now = now;
    const shape = JSON.stringify(series);
    if (!this.graph || shape !== this.shape) this.create(shape);
    else this.graph.updateOptions({ file: rows, dateWindow: window, valueRange: this.valueRange() });
    this.writeLegend();
  }

  note(text) {
    this.destroy();
    fill(this.holder, el("div", { class: "note" }, text));
    fill(this.legend);
  }

  redraw() {
    if (!this.last) return;
    this.destroy();
    this.show(...this.last);
  }

  destroy() {
    if (this.graph) this.graph.destroy();
    this.graph = null;
  }

  create(shape) {
    this.destroy();
    this.shape = shape;
    const canvas = el("div");
    this.holder.replaceChildren(canvas);
    const options = {};
    for (const each of this.series) {
      options[each.label] = {
        color: color(each.color), strokeWidth: each.width ?? 2, stepPlot: Boolean(each.step),
        strokePattern: each.dash ?? null, fillGraph: this.stacked, highlightCircleSize: 3.5,
      };
    }
    this.graph = new Dygraph(canvas, this.rows, {
      labels: ["time", ...this.series.map((each) => each.label)],
      series: options, customBars: this.series.some((each) => each.band), stackedGraph: this.stacked,
      legend: "never", interactionModel: {}, connectSeparatedPoints: !this.stacked, fillAlpha: this.stacked ? 0.55 : 0.14,
      dateWindow: this.last[2], valueRange: this.valueRange(), axisLineColor: color("line"), gridLineColor: color("grid"),
      gridLineWidth: 1, rightGap: 12, xRangePad: 0, labelsUTC: false, animatedZooms: false,
      axes: {
        y: { axisLabelFormatter: (value) => this.format(value), axisLabelWidth: 56, pixelsPerLabel: 34 },
        x: { axisLabelWidth: 62, pixelsPerLabel: 76, drawGrid: false },
      },
      underlayCallback: (context, area, graph) => this.drawNow(context, area, graph),
      highlightCallback: (event, x, points, row) => this.hover(row),
      unhighlightCallback: () => this.hover(null),
    });
  }

  // From zero up with a little air, so that small changes do not look like large ones.
  valueRange() {
    if (!this.fromZero) return null;
    let top = 0;
    for (const row of this.rows) {
      let sum = 0;
      for (const cell of row.slice(1)) {
        const high = Array.isArray(cell) ? cell[2] : cell;
        if (!Number.isFinite(high)) continue;
        sum = this.stacked ? sum + high : Math.max(sum, high);
      }
      top = Math.max(top, sum);
    }
    return [0, top > 0 ? top * 1.12 : 1];
  }

  // What lies ahead of now is foreseen, not measured: it is shaded.
  drawNow(context, area, graph) {
    const x = graph.toDomXCoord(this.now);
    if (!(x > area.x && x < area.x + area.w - 1)) return;
    context.fillStyle = color("hover");
    context.fillRect(x, area.y, area.x + area.w - x, area.h);
    context.strokeStyle = color("faint");
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x + 0.5, area.y);
    context.lineTo(x + 0.5, area.y + area.h);
    context.stroke();
    context.setLineDash([]);
  }

  hover(row) {
    this.hovered = row;
    this.writeLegend();
  }

  writeLegend() {
    const swatches = this.series.map((each, index) => {
      const swatch = el("i", { class: this.stacked ? "block" : "" });
      swatch.style.color = color(each.color);
      return el("span", {}, swatch, each.label, " ", el("b", {}, this.describe(index + 1)));
    });
    const at = this.hovered === null ? null : this.rows[this.hovered]?.[0];
    fill(this.legend, at ? el("span", {}, at.toLocaleTimeString([], { hour12: false })) : null, swatches);
  }

  describe(column) {
    const text = (cell) => {
      if (!Array.isArray(cell)) return this.format(cell);
      const [low, value, high] = cell;
      return this.series[column - 1].band === "range" && high > low ? `${this.format(value)} (${this.format(low)} to ${this.format(high)})` : this.format(value);
    };
    const known = (cell) => Number.isFinite(Array.isArray(cell) ? cell[1] : cell);
    if (this.hovered !== null) {
      const cell = this.rows[this.hovered]?.[column];
      return known(cell) ? text(cell) : "–";
    }
    for (let index = this.rows.length - 1; index >= 0; index -= 1) {
      if (known(this.rows[index][column])) return text(this.rows[index][column]);
    }
    return "–";
  }
}

// Joins columns of Map(second -> cell) into dygraphs' rows, ordered by time.
export function join(columns, start, end, missing = null) {
  const times = new Set();
  for (const column of columns) for (const at of column.keys()) if (at >= start && at <= end) times.add(at);
  return [...times].sort((a, b) => a - b)
    .map((at) => [new Date(at * 1000), ...columns.map((column) => column.get(at) ?? missing)]);
}
