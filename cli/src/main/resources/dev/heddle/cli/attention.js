"use strict";
(() => {
  const MOST_LINES = 2000;
  const ROW = 22;
  const LIGHT = [[255, 255, 255], [198, 219, 241], [107, 163, 217], [33, 99, 172], [8, 32, 84]];
  const DARK = [[24, 28, 36], [26, 58, 104], [40, 112, 176], [110, 184, 220], [240, 250, 228]];
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const at = id => document.getElementById(id);
  const canvas = at("map");
  const tip = at("tip");
  /** The map that is shown: its tokens and weights, and where its cells lie on the canvas. */
  let shown = null;
  let place = null;
  let cursor = null;

  // ---- weights -----------------------------------------------------------------------------

  /** The float32 numbers of a map, taken out of the page when they are first looked at. */
  function weights(map) {
    if (!map.values) {
      const text = atob(map.weights);
      const bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) {
        bytes[i] = text.charCodeAt(i);
      }
      const view = new DataView(bytes.buffer);
      map.values = new Float32Array(bytes.length / 4);
      for (let i = 0; i < map.values.length; i++) {
        map.values[i] = view.getFloat32(4 * i, true);
      }
      map.weights = null;
    }
    return map.values;
  }

  function mean(maps) {
    const sum = new Float64Array(weights(maps[0]).length);
    maps.forEach(map => weights(map).forEach((weight, i) => (sum[i] += weight)));
    return Float32Array.from(sum, value => value / maps.length);
  }

  /** The shortest decimal that is read as the same float32. */
  function exact(weight) {
    for (let digits = 1; digits < 9; digits++) {
      const text = weight.toPrecision(digits);
      if (Math.fround(Number(text)) === weight) {
        return String(Number(text));
      }
    }
    return String(Number(weight.toPrecision(9)));
  }

  function maximum(values) {
    return values.reduce((most, value) => Math.max(most, value), 0);
  }

  function colour(share) {
    const stops = dark.matches ? DARK : LIGHT;
    const where = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
    const stop = Math.min(Math.floor(where), stops.length - 2);
    return stops[stop].map((from, i) => from + (where - stop) * (stops[stop + 1][i] - from));
  }

  const css = share => `rgb(${colour(share).map(Math.round).join(",")})`;

  const style = name => getComputedStyle(document.documentElement).getPropertyValue(name);

  // ---- the choosers ------------------------------------------------------------------------

  const distinct = values => [...new Set(values)];

  function fill(select, values, name) {
    const before = select.value;
    select.replaceChildren(...values.map(value => new Option(name(value), value)));
    if (values.map(String).includes(before)) {
      select.value = before;
    }
  }

  function ofKind() {
    return data.maps.filter(map => map.kind === at("kind").value);
  }

  function ofLayer() {
    return ofKind().filter(map => map.layer === Number(at("layer").value));
  }

  function choose() {
    fill(at("layer"), distinct(ofKind().map(map => map.layer)), String);
    const heads = ofLayer().map(map => map.head);
    fill(at("head"), heads.length > 1 ? [...heads, "mean"] : heads,
      head => (head === "mean" ? "mean of these" : String(head)));
    const kind = at("kind").value;
    const head = at("head").value;
    const values = head === "mean"
      ? mean(ofLayer())
      : weights(ofLayer().find(map => map.head === Number(head)));
    const own = kind !== "encoder" && data.target.length > 0 ? data.target : data.tokens;
    shown = {
      rows: own,
      columns: kind === "decoder" ? own : data.tokens,
      values,
      scale: at("whole").checked ? 1 : maximum(values) || 1,
    };
    cursor = null;
    tip.hidden = true;
    draw();
  }

  const weight = (row, column) => shown.values[row * shown.columns.length + column];

  // ---- the heat map ------------------------------------------------------------------------

  function draw() {
    at("top").textContent = exact(Math.fround(shown.scale));
    const bar = at("bar").getContext("2d");
    for (let x = 0; x < at("bar").width; x++) {
      bar.fillStyle = css(x / (at("bar").width - 1));
      bar.fillRect(x, 0, 1, 1);
    }
    const lines = document.querySelector("[name=view]:checked").value === "lines";
    at("stage").hidden = lines;
    at("lines").hidden = !lines;
    if (lines) {
      list();
    } else {
      layOut();
      paint();
    }
  }

  function layOut() {
    const pen = canvas.getContext("2d");
    pen.font = "bold 13px system-ui, sans-serif";
    const widest = labels =>
      Math.min(160, Math.max(24, ...labels.map(label => pen.measureText(label).width)));
    const left = Math.ceil(widest(shown.rows)) + 10;
    const top = Math.ceil(widest(shown.columns)) + 10;
    const room = at("stage").clientWidth - left - 8;
    const cell = Math.min(30, Math.max(5, Math.floor(room / shown.columns.length)));
    const width = left + cell * shown.columns.length + 2;
    const height = top + cell * shown.rows.length + 2;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
    const pixels = new ImageData(shown.columns.length, shown.rows.length);
    shown.values.forEach((value, i) => {
      pixels.data.set([...colour(value / shown.scale), 255], 4 * i);
    });
    const cells = document.createElement("canvas");
    cells.width = pixels.width;
    cells.height = pixels.height;
    cells.getContext("2d").putImageData(pixels, 0, 0);
    place = { left, top, cell, width, height, ratio, cells };
    Object.assign(canvas.dataset, { left, top, cell });
    canvas.setAttribute("aria-label",
      `Weights of ${shown.rows.length} tokens to ${shown.columns.length}`);
  }

  function paint() {
    const { left, top, cell, width, height, ratio, cells } = place;
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(cells, left, top, cell * cells.width, cell * cells.height);
    pen.strokeStyle = style("--line");
    pen.lineWidth = 1;
    if (cell >= 12) {
      pen.globalAlpha = 0.35;
      pen.beginPath();
      for (let i = 1; i < cells.width; i++) {
        pen.moveTo(left + i * cell + 0.5, top);
        pen.lineTo(left + i * cell + 0.5, top + cell * cells.height);
      }
      for (let i = 1; i < cells.height; i++) {
        pen.moveTo(left, top + i * cell + 0.5);
        pen.lineTo(left + cell * cells.width, top + i * cell + 0.5);
      }
      pen.stroke();
      pen.globalAlpha = 1;
    }
    pen.strokeRect(left - 0.5, top - 0.5, cell * cells.width + 1, cell * cells.height + 1);
    labels(pen, shown.rows, cursor && cursor.row, (label, i) => {
      pen.textAlign = "right";
      pen.fillText(label, left - 6, top + (i + 0.5) * cell);
    });
    labels(pen, shown.columns, cursor && cursor.column, (label, i) => {
      pen.save();
      pen.translate(left + (i + 0.5) * cell, top - 6);
      pen.rotate(-Math.PI / 2);
      pen.textAlign = "left";
      pen.fillText(label, 0, 0);
      pen.restore();
    });
    if (cursor) {
      pen.strokeStyle = style("--mark");
      pen.lineWidth = 2;
      pen.strokeRect(left + cursor.column * cell, top + cursor.row * cell, cell, cell);
    }
  }

  /** As many labels as there is room for; that of the cell pointed at is always there. */
  function labels(pen, tokens, marked, write) {
    const every = Math.ceil(14 / place.cell);
    pen.textBaseline = "middle";
    tokens.forEach((token, i) => {
      const near = marked !== null && Math.abs(i - marked) * place.cell < 14;
      if (i !== marked && (i % every !== 0 || (near && every > 1))) {
        return;
      }
      pen.font = `${i === marked ? "bold " : ""}13px system-ui, sans-serif`;
      pen.fillStyle = style(i === marked ? "--mark" : "--ink");
      write(fit(pen, token), i);
    });
  }

  function fit(pen, text) {
    if (pen.measureText(text).width <= 160) {
      return text;
    }
    const letters = [...text];
    while (letters.length > 0 && pen.measureText(letters.join("") + "…").width > 160) {
      letters.pop();
    }
    return letters.join("") + "…";
  }

  function point(row, column) {
    cursor = { row, column };
    const text = exact(weight(row, column));
    tip.innerHTML = "";
    const bold = document.createElement("strong");
    bold.textContent = text;
    tip.append(bold, ` ${shown.rows[row]} (${row}) → ${shown.columns[column]} (${column})`);
    Object.assign(tip.dataset, { row, column, weight: text });
    tip.hidden = false;
    const x = place.left + (column + 1) * place.cell + 8;
    const y = place.top + (row + 1) * place.cell + 8;
    const stage = at("stage");
    const over = x + tip.offsetWidth > stage.scrollLeft + stage.clientWidth;
    tip.style.left =
      Math.max(0, over ? x - tip.offsetWidth - place.cell - 16 : x) + "px";
    const below = y + tip.offsetHeight > Math.max(stage.clientHeight, place.height);
    tip.style.top = Math.max(0, below ? y - tip.offsetHeight - place.cell - 16 : y) + "px";
    paint();
  }

  function leave() {
    cursor = null;
    tip.hidden = true;
    paint();
  }

  canvas.addEventListener("mousemove", event => {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - place.left) / place.cell);
    const row = Math.floor((event.clientY - box.top - place.top) / place.cell);
    const inside = row >= 0 && row < shown.rows.length
      && column >= 0 && column < shown.columns.length;
    if (!inside) {
      if (cursor) {
        leave();
      }
    } else if (!cursor || cursor.row !== row || cursor.column !== column) {
      point(row, column);
    }
  });
  canvas.addEventListener("mouseleave", leave);
  canvas.addEventListener("blur", leave);
  canvas.addEventListener("keydown", event => {
    const from = cursor || { row: 0, column: 0 };
    const moves = {
      ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
      PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -1e9], End: [0, 1e9],
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      const step = cursor ? move : [0, 0];
      const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
      point(within(from.row + step[0], shown.rows.length),
        within(from.column + step[1], shown.columns.length));
    }
  });

  // ---- the lines ---------------------------------------------------------------------------

  function list() {
    const sides = [["from", shown.rows], ["to", shown.columns]];
    sides.forEach(([side, tokens]) => {
      const items = tokens.map((token, i) => {
        const item = document.createElement("li");
        item.role = "option";
        item.tabIndex = i === 0 ? 0 : -1;
        const name = document.createElement("span");
        name.textContent = token;
        const number = document.createElement("small");
        item.append(...(side === "from" ? [number, name] : [name, number]));
        item.addEventListener("mouseenter", () => connect(side, i));
        item.addEventListener("mouseleave", () => connect());
        item.addEventListener("focus", () => connect(side, i));
        item.addEventListener("blur", () => connect());
        item.addEventListener("keydown", event => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          const next = step && items[i + step];
          if (next) {
            event.preventDefault();
            item.tabIndex = -1;
            next.tabIndex = 0;
            next.focus();
          } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
            event.preventDefault();
            at(side === "from" ? "to" : "from").querySelector("[tabindex='0']").focus();
          }
        });
        return item;
      });
      at(side).querySelector("ol").replaceChildren(...items);
    });
    connect();
  }

  /** Lines of one token, whichever side it is on; of all tokens, if none is named. */
  function connect(side, index) {
    const ends = [];
    for (let row = 0; row < shown.rows.length; row++) {
      for (let column = 0; column < shown.columns.length; column++) {
        const wanted = side === undefined || (side === "from" ? row : column) === index;
        const value = weight(row, column);
        if (wanted && value / shown.scale > 0.004) {
          ends.push([row, column, value]);
        }
      }
    }
    ends.sort((a, b) => b[2] - a[2]);
    const svg = document.querySelector("#lines svg");
    const width = svg.clientWidth;
    const head = at("from").querySelector("h2");
    const top = head.offsetHeight + parseFloat(getComputedStyle(head).marginBottom);
    svg.style.height =
      top + ROW * Math.max(shown.rows.length, shown.columns.length) + "px";
    const ink = css(0.75);
    // The lines of one token are told apart by its own greatest weight.
    const full = side === undefined || ends.length === 0 ? shown.scale : ends[0][2];
    svg.replaceChildren(...ends.slice(0, MOST_LINES).reverse().map(([row, column, value]) => {
      const path = document.createElementNS(svg.namespaceURI, "path");
      const [y1, y2] = [row, column].map(i => top + (i + 0.5) * ROW);
      const bend = width / 3;
      path.setAttribute("d", `M0 ${y1}C${bend} ${y1} ${width - bend} ${y2} ${width} ${y2}`);
      path.setAttribute("stroke", ink);
      path.setAttribute("stroke-opacity", Math.min(1, value / full));
      return path;
    }));
    ["from", "to"].forEach(where => {
      [...at(where).querySelectorAll("li")].forEach((item, i) => {
        const own = where === side;
        const value = side === undefined || own
          ? null
          : side === "from" ? weight(index, i) : weight(i, index);
        item.classList.toggle("chosen", own && i === index);
        item.setAttribute("aria-selected", own && i === index);
        item.querySelector("small").textContent = value === null ? "" : exact(value);
        item.style.background = value ? css(value / shown.scale) : "";
        const light = value && (value / shown.scale > 0.5) !== dark.matches;
        item.style.color = !value ? "" : light ? "#ffffff" : "#10131a";
        item.querySelector("small").style.color = value ? "inherit" : "";
      });
    });
  }

  // ---- start -------------------------------------------------------------------------------

  at("about").textContent = `${data.backend} · ${data.tokens.length} tokens`
    + (data.target.length ? `, ${data.target.length} written` : "") + ` · ${data.text}`;
  at("most").textContent = `of all tokens together the ${MOST_LINES} strongest are drawn.`;
  const kinds = distinct(data.maps.map(map => map.kind));
  fill(at("kind"), kinds, String);
  at("kind").value = kinds.includes("cross") ? "cross" : kinds[0];
  at("kinds").hidden = kinds.length < 2;
  ["kind", "layer", "head", "whole"].forEach(id => at(id).addEventListener("change", choose));
  document.querySelectorAll("[name=view]").forEach(view => view.addEventListener("change", draw));
  dark.addEventListener("change", draw);
  addEventListener("resize", draw);
  choose();
})();
