// Behaviour of the pages: charts, year and metric choices, lists with search, sort and export.
// Data stands in the page as JSON (#data); nothing is fetched. Numbers are computed in the warehouse, never here.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const views = {};
  let year = Number(document.querySelector(".years .here")?.dataset.year ?? 0);

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

  for (const button of document.querySelectorAll(".years button")) {
    button.addEventListener("click", () => {
      year = Number(button.dataset.year);
      for (const other of document.querySelectorAll(".years button")) other.classList.toggle("here", other === button);
      for (const section of document.querySelectorAll("[data-of-year]"))
        section.hidden = Number(section.dataset.ofYear) !== year;
      for (const code of Object.keys(views)) set(code, "year", year);
    });
  }
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

  // Lists.
  const formats = {
    yuan: (value) => value.toLocaleString("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    count: (value) => value.toLocaleString("zh-CN", { maximumFractionDigits: 4 }),
    ratio: (value) => (value * 100).toFixed(2) + "%",
    truth: (value) => (value ? "是" : "否"),
  };
  const numeric = (column) => ["yuan", "count", "ratio"].includes(column.kind);
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

  for (const table of document.querySelectorAll("table[data-list]")) {
    const list = data.lists[table.dataset.list];
    const name = list.title + "_" + document.title.split(" · ")[1];
    window.jQuery(table).DataTable({
      data: list.rows,
      columns: list.columns.map((column) => ({
        title: escapeHtml(column.title),
        className: numeric(column) ? "number" : "",
        type: numeric(column) ? "num" : "string",
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
  }
})();
