// Behaviour of the pages: charts, year and metric choices, lists with search, sort and export.
// Data stands in the page as JSON (#data); nothing is fetched. Numbers are computed in the warehouse, never here. What changes with
// every publication (dates, its number) stands in published.js alone: a page whose content did not change is the same file as before.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const views = {};
  const byId = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const published = window.published ?? {}; // a page that was sent without its folder
  for (const place of all("[data-published]")) place.textContent = published[place.dataset.published] ?? "";
  for (const note of all("header .held")) note.hidden = !published.held_back;

  // What the reader has chosen stands in the address (#year=2026&district=…), so that a view can be sent, reloaded and taken along
  // to the other pages. `list` and `state` belong to one page.
  const chosen = new URLSearchParams(location.hash.slice(1));
  const OF_A_PAGE = ["list", "state", "to_do", "since"];
  function choose(name, value) {
    if (value) chosen.set(name, value);
    else chosen.delete(name);
    chosen.delete("list");
    const kept = chosen.toString();
    history.replaceState(null, "", location.href.split("#")[0] + (kept ? "#" + kept : ""));
    carry();
  }
  function carry() {
    const along = new URLSearchParams([...chosen].filter(([name]) => !OF_A_PAGE.includes(name))).toString();
    for (const link of all("nav a[data-page]"))
      link.setAttribute("href", link.getAttribute("href").split("#")[0] + (along ? "#" + along : ""));
  }
  carry();
  // A link to another view of the same page: it is read like a page that is opened.
  window.addEventListener("hashchange", () => location.reload());

  const years = all(".years button").map((button) => Number(button.dataset.year));
  let year = Number(document.querySelector(".years .here")?.dataset.year ?? 0);
  if (years.includes(Number(chosen.get("year")))) year = Number(chosen.get("year"));

  // Charts. ast: expressions are interpreted, so that the page needs no eval.
  for (const place of document.querySelectorAll("div.chart")) {
    const code = place.dataset.chart;
    const chart = data.charts[code];
    const spec = { ...chart.spec, datasets: { rows: chart.rows } };
    window
      .vegaEmbed(place, spec, { ast: true, actions: false, renderer: "svg", logLevel: 1, tooltip: { theme: "custom" } })
      .then((result) => {
        views[code] = result.view;
        set(code, "year", year);
      });
  }

  function set(code, name, value) {
    const view = views[code];
    if (!view) return;
    try {
      view.signal(name, value).run();
    } catch (missing) {
      // A chart without this parameter shows all years.
    }
  }

  function showYear() {
    for (const button of all(".years button")) button.classList.toggle("here", Number(button.dataset.year) === year);
    for (const section of all("[data-of-year]")) section.hidden = Number(section.dataset.ofYear) !== year;
    for (const code of Object.keys(views)) set(code, "year", year);
  }
  for (const button of all(".years button"))
    button.addEventListener("click", () => {
      year = Number(button.dataset.year);
      choose("year", String(year));
      showYear();
    });
  showYear();
  for (const select of document.querySelectorAll("select[data-chart]"))
    select.addEventListener("change", () => {
      set(select.dataset.chart, "metric", select.value);
      select.closest("figure").querySelector(".of-choice").textContent = select.selectedOptions[0].dataset.basis;
    });

  // Served by anze (/site/<audience>/…), every figure leads to its records and every list to the one with pages and filters.
  const [, served, audience] = location.pathname.split("/");
  if (location.protocol.startsWith("http") && served === "site" && audience) {
    const explained = (place, metric, cell) => {
      if (!metric || !/\d/.test(place.textContent)) return;
      const link = document.createElement("a");
      link.className = "figure";
      link.href = "/explain?audience=" + audience + "&metric=" + metric + "&" + cell;
      link.append(...place.childNodes);
      place.append(link);
    };
    for (const tile of document.querySelectorAll(".tile[data-cell]"))
      explained(tile.querySelector(".value"), tile.dataset.metric, tile.dataset.cell);
    for (const row of document.querySelectorAll("tr[data-cell]")) {
      const heads = row.closest("table").querySelectorAll("th");
      [...row.cells].forEach((place, index) => explained(place, heads[index].dataset.metric, row.dataset.cell));
    }
    for (const section of document.querySelectorAll("section.list")) {
      const link = document.createElement("a");
      link.href = "/lists/" + section.id.replace("list-", "") + "?audience=" + audience;
      link.textContent = "筛选、翻页、导出全部";
      section.querySelector("h3").append(" ", link);
    }
    const figures = document.createElement("a");
    figures.href = "/figures?audience=" + audience;
    figures.textContent = "按条件查看";
    document.querySelector("nav").append(figures);
  }

  // What is new since a day: counted per day in the warehouse, added up here.
  const since = byId("since");
  if (since) {
    since.value = published.previous;
    since.min = published.earliest;
    since.max = published.as_of;
    const key = "anze-visit-" + data.who;
    const tell = () => {
      for (const item of all("[data-news]")) {
        const days = data.news[Number(item.dataset.news)];
        let count = 0;
        for (const [day, known] of Object.entries(days)) if (day > since.value) count += known;
        item.querySelector("b").textContent = count.toLocaleString("zh-CN");
      }
    };
    if (chosen.get("since")) since.value = chosen.get("since");
    since.addEventListener("change", () => {
      choose("since", since.value);
      tell();
    });
    tell();
    try {
      const visit = JSON.parse(window.localStorage.getItem(key) ?? "{}");
      const last = visit.as_of === published.as_of ? visit.before : visit.as_of;
      window.localStorage.setItem(key, JSON.stringify({ as_of: published.as_of, before: last }));
      if (last) {
        const button = byId("since-visit");
        button.hidden = false;
        button.textContent = "上次来访时（" + last + "）";
        button.addEventListener("click", () => {
          since.value = last;
          since.dispatchEvent(new Event("change"));
        });
      }
    } catch (withheld) {
      // The browser keeps nothing for this page: the date can be chosen by hand.
    }
  }

  // Lists.
  const formats = {
    yuan: (value) => value.toLocaleString("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    wan: (value) => value.toLocaleString("zh-CN", { minimumFractionDigits: 4, maximumFractionDigits: 4 }),
    count: (value) => value.toLocaleString("zh-CN", { maximumFractionDigits: 4 }),
    ratio: (value) => (value * 100).toFixed(2) + "%",
    truth: (value) => (value ? "是" : "否"),
  };
  const numeric = (column) => ["wan", "yuan", "count", "ratio"].includes(column.kind);
  const escapeHtml = (text) =>
    String(text).replace(/[&<>"']/g, (sign) => "&#" + sign.charCodeAt(0) + ";");
  const words = {
    search: "搜索：",
    lengthMenu: "每页 _MENU_ 条",
    info: "第 _START_ 至 _END_ 条，共 _TOTAL_ 条",
    infoEmpty: "没有符合的记录",
    infoFiltered: "（自 _MAX_ 条中筛选）",
    zeroRecords: "没有符合的记录",
    emptyTable: "没有记录",
    thousands: ",",
    aria: { orderable: "，点击排序", orderableReverse: "，点击反向排序", orderableRemove: "，点击取消排序" },
    paginate: { first: "首页", previous: "上一页", next: "下一页", last: "末页" },
  };
  // In exported files numbers stay numbers, and what a spreadsheet would take for a formula gets an apostrophe.
  const exported = { columns: ":visible", orthogonal: "export", stripHtml: false, decodeEntities: false };
  const guarded = (text) => (/^[=+\-@\t\r]/.test(text) ? "'" + text : text);
  // A code of digits is no number: Excel would round it after fifteen of them. Only texts have trim and match.
  function codesStayTexts(content) {
    content.body = content.body.map((row) =>
      row.map((cell) => (/^\d{16,}$/.test(cell) ? { toString: () => cell } : cell))
    );
  }

  // How much room a column needs: codes and dates stay on one line, long texts get width, no column is one character wide.
  function width(column, place, rows) {
    if (numeric(column)) return "number";
    if (column.kind === "date" || column.kind === "truth") return "short";
    const texts = rows.slice(0, 200).map((row) => String(row[place] ?? ""));
    const longest = Math.max(0, ...texts.map((text) => text.length));
    if (longest > 40) return "long";
    return longest < 9 || texts.every((text) => /^[\x20-\x7e]{0,24}$/.test(text)) ? "short" : "middle";
  }

  const shownOf = (column, value) =>
    typeof value === "boolean" ? formats.truth(value) : column.filter === "year" ? String(value ?? "").slice(0, 4) : String(value ?? "");
  const tables = {};
  const PRINTED = 500;
  for (const table of all("table[data-list]")) {
    const list = data.lists[table.dataset.list];
    const name = list.title + "_" + document.title.split(" · ")[1];
    const widths = list.columns.map((column, place) => width(column, place, list.rows));
    const drawn = window.jQuery(table).DataTable({
      data: list.rows,
      columns: list.columns.map((column, place) => ({
        title: escapeHtml(column.title),
        className: widths[place],
        type: numeric(column) ? "num" : "string",
        createdCell: (cell) => cell.setAttribute("data-label", column.title),
        render: (value, kind) => {
          if (value === null) return kind === "display" ? "—" : "";
          if (kind === "sort" || kind === "type") return value;
          if (kind === "export" || kind === "filter") return typeof value === "string" ? guarded(value) : value;
          return formats[column.kind] && typeof value !== "string" ? formats[column.kind](value) : escapeHtml(value);
        },
      })),
      order: [],
      pageLength: 25,
      lengthMenu: [10, 25, 50, 100],
      deferRender: true,
      autoWidth: false,
      language: words,
      layout: {
        topStart: {
          buttons: [
            { extend: "excelHtml5", text: "导出 Excel", filename: name, title: "", exportOptions: { ...exported, customizeData: codesStayTexts } },
            { extend: "csvHtml5", text: "导出 CSV", filename: name, bom: true, exportOptions: exported },
          ],
        },
        topEnd: "search",
        bottomStart: "info",
        bottomEnd: ["pageLength", "paging"],
      },
    });
    tables[table.dataset.list] = { list, drawn };
    const places = list.columns.map((column, place) => [column, place]).filter(([column]) => column.filter);
    // A filter that a list has no value for (the states of another list) does not apply to it.
    drawn.search.fixed("chosen", (_, row, index) =>
      places.every(([column, place]) => {
        const wanted = chosen.get(column.filter);
        if (!wanted || (column.filter === "state" && !list.states.has(wanted))) return true;
        return shownOf(column, list.rows[index][place]) === wanted;
      })
    );
    const [, stateAt] = places.find(([column]) => column.filter === "state") ?? [];
    list.states = new Set(stateAt === undefined ? [] : list.rows.map((row) => String(row[stateAt] ?? "")));
    drawn.draw();
  }

  // The filters of a page: whatever its lists can be narrowed by, with the values that are there.
  const filters = byId("filters");
  if (filters) {
    for (const [name, title] of Object.entries(data.filters)) {
      const values = new Set();
      let label = title;
      let found = 0;
      for (const { list } of Object.values(tables))
        list.columns.forEach((column, place) => {
          if (column.filter !== name) return;
          found += 1;
          label = column.title;
          for (const row of list.rows) if (row[place] !== null) values.add(shownOf(column, row[place]));
        });
      if (found !== 1 || name === "year") label = title;
      if (chosen.get(name) && name !== "state") values.add(chosen.get(name));
      if (values.size < 2 && !chosen.get(name)) continue;
      const select = document.createElement("select");
      select.name = name;
      const order = [...values].sort((one, other) => (name === "year" ? other.localeCompare(one) : one.localeCompare(other, "zh-CN")));
      for (const value of ["", ...order]) select.add(new Option(value || "全部", value, false, value === (chosen.get(name) ?? "")));
      select.addEventListener("change", () => {
        choose(name, select.value);
        for (const { drawn } of Object.values(tables)) drawn.draw();
      });
      const field = document.createElement("label");
      field.append(label + " ", select);
      filters.append(field);
    }
    filters.hidden = !filters.children.length;
    filters.addEventListener("submit", (event) => event.preventDefault());
  }
  if (chosen.get("list")) byId("list-" + chosen.get("list"))?.scrollIntoView();

  // Printed, a list shows all that it holds under the filters, or says how many it shows.
  const lengths = new Map();
  window.addEventListener("beforeprint", () => {
    for (const [code, { drawn }] of Object.entries(tables)) {
      const total = drawn.rows({ search: "applied" }).count();
      lengths.set(code, [drawn.page.len(), drawn.page()]);
      const note = byId("list-" + code).querySelector(".printed");
      note.hidden = total <= PRINTED;
      note.textContent = "打印前 " + PRINTED + " 条，共 " + total.toLocaleString("zh-CN") + " 条；全部请导出。";
      drawn.page.len(PRINTED).draw();
    }
    for (const details of all("details")) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const [code, { drawn }] of Object.entries(tables)) {
      const [length, page] = lengths.get(code) ?? [25, 0];
      drawn.page.len(length).page(page).draw("page");
      byId("list-" + code).querySelector(".printed").hidden = true;
    }
  });
})();
