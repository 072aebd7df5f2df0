// Draws the pictures, keeps the clocks and hears that something was written. Every page can be read and every act done without it.
"use strict";
(() => {
  const day = 86400;
  const days = [1, 2, 4, 7, 14, 30, 61, 91, 182, 365, 730, 1461].map((n) => n * day);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const washed = (hex, share) => hex + Math.round(255 * share).toString(16).padStart(2, "0");
  const minus = (text) => text.replace("-", "−");
  const amount = {
    dollars: (v, step) => minus(step >= 1e4 && Math.abs(v) >= 1e6 ? `$${(v / 1e6).toFixed(2)}m` : step >= 1e3 ? `$${(v / 1e3).toLocaleString("en-US")}k` : `$${v.toLocaleString("en-US")}`),
    share: (v) => minus(`${Number((100 * v).toFixed(1))}%`),
    number: (v) => minus(Math.abs(v) >= 100 ? v.toFixed(0) : Number(v.toPrecision(3)).toString()),
  };
  const exact = {
    dollars: (v) => minus(v.toLocaleString("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 0 })),
    share: (v) => minus(`${(100 * v).toFixed(2)}%`),
    number: (v) => minus(v.toLocaleString("en-US", { maximumFractionDigits: 3 })),
  };
  const iso = (seconds) => new Date(1000 * seconds).toISOString().slice(0, 10);

  function behind(plot, told) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = colour("bear");
    for (const [first, last] of told.shaded) {
      const [a, b] = [first, last + day].map((x) => plot.valToPos(x, "x", true));
      const [left, right] = [Math.max(a, bbox.left), Math.min(b, bbox.left + bbox.width)];
      if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    if (told.level !== null) {
      const y = plot.valToPos(told.level, "y", true);
      ctx.strokeStyle = colour("bad");
      ctx.setLineDash([6, 4]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.restore();
  }

  function draw(box) {
    const told = JSON.parse(box.dataset.plot);
    const axis = { stroke: colour("muted"), grid: { stroke: colour("rule"), width: 1 }, ticks: { stroke: colour("rule") }, font: "12px system-ui" };
    const lines = told.lines.map((one) => ({
      label: one.name,
      stroke: colour(one.colour),
      width: 1.6,
      paths: one.points ? () => null : undefined,
      dash: one.dashed ? [6, 4] : [],
      fill: one.filled ? washed(colour(one.colour), 0.16) : undefined,
      points: { show: one.points, size: 9, fill: colour(one.colour), stroke: colour("paper") },
      value: (_, v) => (v === null ? "–" : exact[told.kind](v)),
    }));
    const values = told.lines.flatMap((one) => one.values).filter((v) => v !== null);
    const [low, high] = [Math.min(...values, told.level ?? Infinity), Math.max(...values, told.level ?? -Infinity)];
    const room = high > low ? 0.06 * (high - low) : Math.max(1e-9, Math.abs(high) * 0.02);
    const options = {
      width: box.clientWidth,
      height: box.clientWidth < 500 ? 200 : 260,
      series: [{ label: told.across || "session", value: (_, v) => (v === null ? "–" : told.across ? exact[told.kind](v) : iso(v)) }, ...lines],
      scales: { x: { time: !told.across }, y: { range: [low - room, high + room] } },
      axes: [
        told.across ? { ...axis, space: 70, size: 34, values: (_, ticks) => ticks.map((t) => amount[told.kind](t)) } : { ...axis, space: 70, size: 34, incrs: days, values: (_, ticks, __, ___, step) => ticks.map((t) => (step < 27 * day ? iso(t).slice(5) : iso(t).slice(0, 7))) },
        { ...axis, size: 74, values: (_, ticks, __, ___, step) => ticks.map((v) => amount[told.kind](v, step)) },
      ],
      cursor: { y: false, points: { size: 7 } },
      hooks: { drawClear: [(plot) => behind(plot, told)] },
      tzDate: (ts) => uPlot.tzDate(new Date(1000 * ts), "UTC"),
    };
    box.textContent = "";
    box.plot = new uPlot(options, [told.days, ...told.lines.map((one) => one.values)], box);
  }

  const plots = () => [...document.querySelectorAll(".plot[data-plot]")];
  const drawn = () => plots().forEach(draw);

  function narrow() {
    const menu = document.getElementById("menu");
    if (menu) menu.open = window.matchMedia("(min-width: 960px)").matches;
  }

  const skew = () => {
    const said = document.getElementById("new-york");
    return said ? new Date(said.dateTime).getTime() - performance.now() : 0;
  };
  let offset = 0;
  function clocks() {
    const now = new Date(performance.now() + offset);
    const put = (id, zone) => {
      const one = document.getElementById(id);
      if (one) one.textContent = now.toLocaleString("sv-SE", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
    };
    put("new-york", "America/New_York");
    put("here", undefined);
    for (const one of document.querySelectorAll("time.age")) one.textContent = `${span((now - new Date(one.dateTime)) / 1000)} ago`;
    for (const one of document.querySelectorAll("time.until")) {
      const left = (new Date(one.dateTime) - now) / 1000;
      one.textContent = left > 0 ? `in ${span(left)}` : `since ${span(-left)}`;
    }
  }
  function span(seconds) {
    const s = Math.max(0, Math.round(seconds));
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
    if (s < 2 * day) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
    return `${Math.floor(s / day)} days ${Math.floor((s % day) / 3600)} h`;
  }

  function scrolls() {
    for (const one of document.querySelectorAll(".scroll")) one.classList.toggle("more", one.scrollWidth > one.clientWidth + 2);
  }

  function listen() {
    const live = document.getElementById("stream");
    const account = document.body.querySelector("[data-events]");
    if (!live || !account) return;
    const source = new EventSource(account.dataset.events);
    source.addEventListener("open", () => { live.textContent = "live"; });
    source.addEventListener("error", () => { live.textContent = "not live: the dashboard does not answer"; });
    source.addEventListener("changed", () => {
      const typing = document.activeElement && document.activeElement.closest("#main form");
      if (!typing && !window.getSelection().toString()) document.body.dispatchEvent(new CustomEvent("springback:changed"));
    });
    window.addEventListener("pagehide", () => source.close());
  }

  function begin() {
    offset = skew();
    narrow();
    drawn();
    scrolls();
    clocks();
    setInterval(clocks, 1000);
    listen();
    document.body.addEventListener("htmx:afterSettle", () => { offset = skew(); drawn(); scrolls(); clocks(); });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawn);
    window.matchMedia("(min-width: 960px)").addEventListener("change", narrow);
    let waiting = 0;
    window.addEventListener("resize", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { scrolls(); drawn(); }, 150);
    });
  }
  begin();
})();
