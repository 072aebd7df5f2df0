// What no page of the dashboard may show: text out of its box or cut off, boxes over one another, a field without a name.
(() => {
  const faults = [];
  const seen = (one) => {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    return one.checkVisibility() && box.width > 0 && box.height > 0 && style.visibility !== "hidden" && style.opacity !== "0" && !one.closest(".skip, .uplot, thead, iframe, svg");
  };
  const name = (one) => `${one.tagName.toLowerCase()}${one.id ? `#${one.id}` : ""}${one.className && one.className.baseVal === undefined ? `.${one.className}` : ""} "${(one.textContent || "").trim().slice(0, 40)}"`;
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) {
    const far = [...document.querySelectorAll("body *")].filter((one) => seen(one) && one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll"));
    faults.push(`the page is ${wide} px too wide: ${far.slice(-3).map(name).join("; ")}`);
  }
  const leaves = [...document.querySelectorAll("body *")].filter((one) => seen(one) && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
  const boxes = leaves.flatMap((one) => {
    const range = document.createRange();
    return [...one.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim()).flatMap((node) => {
      range.selectNodeContents(node);
      return [...range.getClientRects()].map((box) => ({ one, box }));
    });
  });
  const bar = document.getElementById("bar");
  for (let a = 0; a < boxes.length; a += 1) {
    for (let b = a + 1; b < boxes.length && b < a + 120; b += 1) {
      const [x, y] = [boxes[a], boxes[b]];
      if (x.one === y.one || x.one.contains(y.one) || y.one.contains(x.one)) continue;
      if (bar && bar.contains(x.one) !== bar.contains(y.one)) continue;
      const across = Math.min(x.box.right, y.box.right) - Math.max(x.box.left, y.box.left);
      const down = Math.min(x.box.bottom, y.box.bottom) - Math.max(x.box.top, y.box.top);
      if (across > 2 && down > 4) faults.push(`${name(x.one)} lies over ${name(y.one)}`);
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of ids.filter((one, k) => ids.indexOf(one) !== k)) faults.push(`two elements are called ${id}`);
  for (const one of document.querySelectorAll("input:not([type=hidden]), select")) {
    if (!one.labels || !one.labels.length) faults.push(`${name(one)} has no label`);
  }
  for (const one of document.querySelectorAll(".plot[data-plot]")) {
    if (!one.querySelector("canvas")) faults.push(`${one.getAttribute("aria-label").slice(0, 40)} is not drawn`);
    if (!one.closest("figure").querySelector(".note").textContent.trim()) faults.push("a picture says nothing");
  }
  return faults.slice(0, 12);
})();
