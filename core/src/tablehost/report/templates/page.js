(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const numbers = (text) => text.split(" ").map(Number);

  // theme: the button names the other one
  const theme = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const now = () => document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
  const other = () => (now() === "dark" ? "light" : "dark");
  const name = () => {
    theme.textContent = other();
    theme.setAttribute("aria-label", `switch to the ${other()} theme`);
  };
  theme.hidden = false;
  theme.onclick = () => {
    document.documentElement.dataset.theme = other();
    name();
  };
  dark.addEventListener("change", name);
  name();

  // copy
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  all("[data-copy]").forEach((button) => (button.hidden = false));
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await copy(button.dataset.copy);
    button.textContent = "copied";
    document.getElementById("say").textContent = "copied";
    setTimeout(() => (button.textContent = "copy"), 1200);
  });

  // sort: cells without a number come last, upwards and downwards
  const value = (cell, kind) => {
    const text = cell.dataset.v ?? cell.textContent.trim();
    if (kind === "t") return text.toLowerCase();
    return text === "" ? null : Number(text.replaceAll(",", ""));
  };
  const sort = (table, head) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    all("th", table.tHead).forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [value(row.cells[head.cellIndex], head.dataset.k), row]);
    const order = (one, two) => {
      if (one === two) return 0;
      if (one === null || two === null) return one === null ? 1 : -1;
      return (one < two ? -1 : 1) * (up ? 1 : -1);
    };
    body.append(...rows.sort(([one], [two]) => order(one, two)).map(([, row]) => row));
    table.dispatchEvent(new Event("sorted"));
  };
  all("table[data-sort]").forEach((table) =>
    all("th[data-k]", table.tHead).forEach((head) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.onclick = () => sort(table, head);
      head.replaceChildren(button);
    }),
  );

  // search and filters; of many rows that fit only the first are laid out, until all are asked for
  const FIRST = 300;
  const sets = all(".set").map((one) => one.textContent);
  all("input[data-for]").forEach((search) => {
    const table = document.getElementById(search.dataset.for);
    const count = document.getElementById(`${search.dataset.for}-n`);
    const filters = all(`button[data-for=${search.dataset.for}]`);
    const more = document.getElementById(`${search.dataset.for}-more`);
    const body = table.tBodies[0];
    const known = new Map([...body.rows].map((row) => {
      const head = row.cells[0];
      const about = `${head.dataset.t ?? ""} ${head.textContent} ${head.title} ${row.dataset.t ?? ""}`;
      const builder = row.dataset.set ? `${row.cells[1].textContent} ${sets[row.dataset.set]}` : "";
      return [row, [`${about} ${builder}`.toLowerCase(), (row.dataset.f ?? "").split(" ")]];
    }));
    let most = FIRST;
    const show = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = filters.filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.f);
      let found = 0;
      for (const row of body.rows) {
        const [text, flags] = known.get(row);
        const fits = words.every((one) => text.includes(one)) && wanted.every((one) => flags.includes(one));
        found += fits;
        row.classList.toggle("hide", !fits);
        row.classList.toggle("later", found > most);
        row.classList.remove("late");
      }
      const cut = found > most ? `, the first ${most} shown` : "";
      count.textContent = `${found.toLocaleString("en-US")} of ${known.size.toLocaleString("en-US")}${cut}`;
      more.hidden = !cut;
    };
    more.onclick = () => {
      most = Infinity;
      show();
    };
    table.addEventListener("sorted", show);
    search.closest(".tools").hidden = false;
    search.oninput = show;
    filters.forEach((one) => {
      one.onclick = () => {
        one.setAttribute("aria-pressed", one.getAttribute("aria-pressed") !== "true");
        show();
      };
    });
    show();
  });
  addEventListener("keydown", (event) => {
    const search = document.querySelector("input[type=search]");
    if (event.key !== "/" || !search || /INPUT|TEXTAREA/.test(document.activeElement.tagName)) return;
    event.preventDefault();
    search.focus();
  });

  // tips: what is under the pointer in a drawing
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  const round = (value) => {
    const digits = Math.abs(value) >= 1e6 || (value && Math.abs(value) < 1e-3) ? value.toPrecision(3) : null;
    return digits ?? value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
  };
  const written = (value, seconds) => {
    if (!seconds) return round(value);
    const date = new Date(value * Number(seconds) * 1000);
    return Number.isNaN(date.valueOf()) ? "" : date.toISOString().slice(0, 16).replace("T", " ").replace(" 00:00", "");
  };
  const place = (svg, event) => {
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  const inHistogram = (svg, event) => {
    const { counts, box, low, high, rows, open, seconds } = svg.dataset;
    const [left, right] = numbers(box);
    const cells = numbers(counts);
    const at = Math.floor(((place(svg, event)[0] - left) / (right - left)) * cells.length);
    if (!(at in cells)) return "";
    const step = (high - low) / cells.length;
    const [from, to] = [0, 1].map((one) => written(Number(low) + (at + one) * step, seconds));
    const share = rows > 0 ? ` (${((100 * cells[at]) / rows).toFixed(1)} %)` : "";
    let range = `${from} – ${to}`;
    if (open?.[0] === "1" && at === 0) range = `below ${to}`;
    if (open?.[1] === "1" && at === cells.length - 1) range = `${from} and above`;
    return `${range}: ${cells[at].toLocaleString("en-US")}${share}`;
  };
  const inDensity = (svg, event) => {
    const [left, right, top, base] = numbers(svg.dataset.box);
    const counts = numbers(svg.dataset.counts);
    const across = Number(svg.dataset.cells);
    const up = counts.length / across;
    const [x, y] = place(svg, event);
    const [column, row] = [((x - left) / (right - left)) * across, ((base - y) / (base - top)) * up].map(Math.floor);
    if (column < 0 || column >= across || row < 0 || row >= up) return "";
    const [low, high] = [numbers(svg.dataset.low), numbers(svg.dataset.high)];
    const middle = (axis, at, cells) => round(low[axis] + ((at + 0.5) * (high[axis] - low[axis])) / cells);
    const rows = counts[row * across + column].toLocaleString("en-US");
    return `${rows} rows about ${middle(0, column, across)}, ${middle(1, row, up)}`;
  };
  const said = (event) => {
    const drawn = event.target.closest?.("svg");
    if (!drawn) return "";
    const own = event.target.closest("[data-t]");
    if (own) return own.dataset.t;
    if (drawn.matches(".hist[data-counts]")) return inHistogram(drawn, event);
    return drawn.matches(".density") ? inDensity(drawn, event) : "";
  };
  document.addEventListener("pointermove", (event) => {
    const text = said(event);
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${event.clientY < 40 ? event.clientY + 18 : event.clientY - 34}px`;
  });
})();
