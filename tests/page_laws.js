// The laws of a page, judged in the browser: an empty list where it obeys them all, else a line for each fault.
async () => {
  const faults = [];
  const fail = (law, what) => faults.push(`${law}: ${what}`);
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const box = one => one.getBoundingClientRect();
  const seen = one => one.checkVisibility({visibilityProperty: true, opacityProperty: true}) && box(one).width > 0;
  const text = one => one.textContent.trim().slice(0, 40);

  // What is folded is read as well.
  for (const one of all("details")) one.open = true;
  await new Promise(done => setTimeout(done, 400));

  // No page is wider than its screen; what is cut at the edge is a table that can be moved, and says so.
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) fail("no sideways scrolling", document.documentElement.scrollWidth);
  for (const table of all(".scroll")) {
    const hint = table.previousElementSibling;
    const cut = table.scrollWidth - table.clientWidth > 1;
    if (cut && getComputedStyle(table).overflowX !== "auto") fail("what is cut can be moved", text(table));
    if (cut !== seen(hint)) fail("a table that can be moved says so", `${table.ariaLabel}: ${table.scrollWidth} in ${table.clientWidth}`);
  }
  for (const one of all("h1, h2, h3, p, dd, dt, li, summary, figcaption")) {
    if (seen(one) && (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline")) fail("no text is cut", text(one));
  }

  // Every column has a head, every section stands in the contents.
  for (const head of all("th")) if (!head.textContent.trim()) fail("every column has a head", text(head.closest("figure")));
  const links = new Set(all("nav.contents a").map(one => one.getAttribute("href")));
  for (const one of all("main section")) {
    if (!one.id || !one.querySelector("h2") || !links.has("#" + one.id)) fail("every section stands in the contents", one.id || text(one));
  }
  if (links.size !== all("main section").length) fail("the contents name every section once", [...links].join(" "));

  // Text can be read on its ground (WCAG 2.2, 1.4.3).
  const parse = colour => (colour.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(one => one / 255).map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = one => {
    for (let at = one; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const told = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || ["SCRIPT", "STYLE"].includes(one.tagName) || !seen(one)) continue;
    const style = getComputedStyle(one);
    const ink = one instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(parse(ink)), light(ground(one))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 600);
    if (ratio < (large ? 3 : 4.5) && !told.has(ink)) {
      told.add(ink);
      fail("text can be read", `${text(one)}: ${ink}, ${ratio.toFixed(2)}`);
    }
  }

  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  for (const chart of all(".drawing")) {
    const name = chart.id;
    const frame = box(chart);
    if (!chart.classList.contains("js-plotly-plot") || frame.height < 100) fail("every drawing is drawn", name);
    // Labels of one axis differ, do not lie on one another and are not cut.
    const kinds = new Set(all("[class$='tick']", chart).map(one => one.getAttribute("class")));
    for (const kind of kinds) {
      const labels = all(`.${kind} text`, chart).filter(one => one.textContent.trim());
      const words = labels.map(one => one.textContent);
      if (new Set(words).size < words.length) fail("labels of an axis differ", `${name} ${kind}: ${words.join(" ")}`);
      labels.forEach((one, k) => {
        const mine = box(one);
        if (labels.slice(k + 1).some(other => meet(mine, box(other)))) fail("labels do not lie on one another", `${name} ${kind}: ${text(one)}`);
        if (mine.left < frame.left - 1 || mine.right > frame.right + 1 || mine.bottom > frame.bottom + 1) fail("no label is cut", `${name}: ${text(one)}`);
      });
    }
    const legend = all(".legendtext", chart);
    legend.forEach((one, k) => {
      if (box(one).right > frame.right + 1) fail("no legend is cut", `${name}: ${text(one)}`);
      if (legend.slice(k + 1).some(other => meet(box(one), box(other)))) fail("the legend does not lie on itself", `${name}: ${text(one)}`);
    });
    // A dot is whole: inside the plot, or drawn over its edge and inside the drawing.
    for (const dot of all(".scatterlayer .point", chart)) {
      const clip = dot.closest("[clip-path]");
      const plot = clip && clip.closest(".subplot")?.className.baseVal.match(/x\d*y\d*/)?.[0];
      const {xaxis, yaxis} = plot ? chart._fullLayout._plots[plot] : {};
      const limit = plot
        ? {left: frame.left + xaxis._offset, right: frame.left + xaxis._offset + xaxis._length, top: frame.top + yaxis._offset, bottom: frame.top + yaxis._offset + yaxis._length}
        : frame;
      const mine = box(dot);
      if (mine.left < limit.left - 1 || mine.right > limit.right + 1 || mine.top < limit.top - 1 || mine.bottom > limit.bottom + 1) {
        fail("a dot is whole", name);
        break;
      }
    }
  }
  return faults;
}
