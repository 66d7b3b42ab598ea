"use strict";
(() => {
  const MARGIN = 24;
  const REACH = 14;
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const at = id => document.getElementById(id);
  const canvas = at("points");
  const pen = canvas.getContext("2d");
  const style = name => getComputedStyle(document.documentElement).getPropertyValue(name);
  /** What part of the projection is seen: a point of it in the middle, and pixels per unit. */
  let view = null;
  let places = [];
  let marked = null;
  let kept = null;
  let found = new Set();
  let drag = null;

  const projection = () => data.projections[at("projection").selectedIndex];

  // ---- where points are --------------------------------------------------------------------

  /** Both axes have one scale: distances are what a projection shows. */
  function seeAll() {
    const points = projection().points;
    const range = axis => {
      const values = points.map(point => point[axis]);
      const low = values.reduce((a, b) => Math.min(a, b));
      return [low, values.reduce((a, b) => Math.max(a, b)) - low];
    };
    const [[left, width], [top, height]] = [range(0), range(1)];
    const scale = Math.min(
      (canvas.clientWidth - 2 * MARGIN) / (width || 1),
      (canvas.clientHeight - 2 * MARGIN) / (height || 1));
    view = { x: left + width / 2, y: top + height / 2, scale };
  }

  function draw() {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    places = projection().points.map(([x, y]) =>
      [width / 2 + (x - view.x) * view.scale, height / 2 - (y - view.y) * view.scale]);
    const radius = places.length > 1500 ? 2.5 : places.length > 200 ? 3.5 : 5;
    const near = marked === null ? [] : data.neighbours[marked];
    pen.lineWidth = 1.5;
    pen.strokeStyle = style("--mark");
    near.forEach(other => {
      pen.globalAlpha = 0.6;
      pen.beginPath();
      pen.moveTo(...places[marked]);
      pen.lineTo(...places[other]);
      pen.stroke();
    });
    const paint = (i, fill, size, alpha) => {
      pen.globalAlpha = alpha;
      pen.fillStyle = fill;
      pen.beginPath();
      pen.arc(...places[i], size, 0, 2 * Math.PI);
      pen.fill();
    };
    const plain = dark.matches ? "#6fb1ea" : "#21639f";
    const faded = marked !== null || found.size > 0;
    places.forEach((place, i) => paint(i, plain, radius, faded ? 0.35 : 0.8));
    found.forEach(i => paint(i, plain, radius + 1.5, 1));
    near.forEach(i => paint(i, style("--mark"), radius + 1, 1));
    if (marked !== null) {
      paint(marked, style("--mark"), radius + 3, 1);
    }
    pen.globalAlpha = 1;
    labels(radius);
  }

  /** Texts beside their points, as many as do not cover one another. */
  function labels(radius) {
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.fillStyle = style("--ink");
    const taken = places.map(([x, y]) => [x - radius, y - radius, x + radius, y + radius]);
    const clear = box => taken.every(other =>
      box[2] < other[0] || other[2] < box[0] || box[3] < other[1] || other[3] < box[1]);
    const wanted = marked !== null
      ? data.neighbours[marked]
      : found.size > 0 ? [...found].slice(0, 200) : places.length <= 60 ? places.keys() : [];
    for (const i of wanted) {
      const letters = [...data.texts[i]];
      const text = letters.length > 42 ? letters.slice(0, 41).join("") + "…" : data.texts[i];
      const width = pen.measureText(text).width;
      const [x, y] = places[i];
      const gap = radius + 5;
      const box = [x + gap, x - gap - width]
        .map(left => [left, y - 8, left + width, y + 8])
        .find(each => each[0] >= 0 && each[2] <= canvas.clientWidth && clear(each));
      if (box) {
        taken.push(box);
        pen.fillText(text, box[0], y);
      }
    }
  }

  // ---- the text pointed at -----------------------------------------------------------------

  function mark(index) {
    marked = index;
    const tip = at("tip");
    tip.hidden = index === null;
    const list = at("nearest");
    if (index === null) {
      at("text").textContent = "";
      list.replaceChildren();
      draw();
      return;
    }
    at("text").textContent = data.texts[index];
    list.replaceChildren(...data.neighbours[index].map((other, i) => {
      const item = document.createElement("li");
      const cosine = document.createElement("b");
      cosine.textContent = data.cosines[index][i].toFixed(4);
      const text = document.createElement("span");
      text.textContent = data.texts[other];
      item.dataset.index = other;
      item.append(cosine, text);
      return item;
    }));
    draw();
    tip.textContent = data.texts[index];
    const [x, y] = places[index];
    canvas.dataset.marked = [x, y];
    tip.style.left =
      Math.max(4, Math.min(x + 12, canvas.clientWidth - tip.offsetWidth - 4)) + "px";
    tip.style.top = (y > canvas.clientHeight / 2 ? y - tip.offsetHeight - 12 : y + 14) + "px";
  }

  function nearest(x, y) {
    let best = null;
    let reach = REACH * REACH;
    places.forEach((place, i) => {
      const distance = (place[0] - x) ** 2 + (place[1] - y) ** 2;
      if (distance < reach) {
        reach = distance;
        best = i;
      }
    });
    return best;
  }

  function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
    const away = 1 - 1 / factor;
    view.x += (x - canvas.clientWidth / 2) / view.scale * away;
    view.y -= (y - canvas.clientHeight / 2) / view.scale * away;
    view.scale *= factor;
    mark(marked);
  }

  canvas.addEventListener("pointermove", event => {
    if (drag) {
      view.x -= (event.offsetX - drag.x) / view.scale;
      view.y += (event.offsetY - drag.y) / view.scale;
      drag = { x: event.offsetX, y: event.offsetY, moved: true };
      mark(marked);
      return;
    }
    const index = nearest(event.offsetX, event.offsetY);
    if ((index === null ? kept : index) !== marked) {
      mark(index === null ? kept : index);
    }
  });
  canvas.addEventListener("pointerdown", event => {
    drag = { x: event.offsetX, y: event.offsetY, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", event => {
    if (drag && !drag.moved) {
      kept = nearest(event.offsetX, event.offsetY);
      mark(kept);
    }
    drag = null;
  });
  canvas.addEventListener("pointerleave", () => mark(kept));
  canvas.addEventListener("dblclick", () => {
    seeAll();
    mark(marked);
  });
  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }, { passive: false });
  canvas.addEventListener("keydown", event => {
    const count = data.texts.length;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      event.preventDefault();
      kept = marked === null ? 0 : (marked + step + count) % count;
      mark(kept);
    } else if (event.key === "+" || event.key === "-") {
      zoom(event.key === "+" ? 1.25 : 0.8);
    } else if (event.key === "Escape") {
      kept = null;
      mark(null);
    }
  });

  // ---- start -------------------------------------------------------------------------------

  function show() {
    at("how").textContent = projection().about;
    seeAll();
    mark(marked);
  }

  at("projection").replaceChildren(...data.projections.map(each => new Option(each.name)));
  at("projection").selectedIndex = data.projections.length - 1;
  at("projection").addEventListener("change", show);
  at("find").addEventListener("input", () => {
    const wanted = at("find").value.toLowerCase();
    found = new Set(wanted === ""
      ? []
      : data.texts.keys().filter(i => data.texts[i].toLowerCase().includes(wanted)));
    at("found").textContent = wanted === "" ? "" : `${found.size} texts have it`;
    draw();
  });
  at("about").textContent =
    `${data.texts.length} texts · ${data.dimensions} dimensions · ${data.backend}`;
  dark.addEventListener("change", draw);
  addEventListener("resize", show);
  show();
})();
