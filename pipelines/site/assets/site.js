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

  // Lists.
  const formats = {
    yuan: (value) => value.toLocaleString("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    count: (value) => value.toLocaleString("zh-CN", { maximumFractionDigits: 2 }),
    ratio: (value) => (value * 100).toFixed(2) + "%",
    truth: (value) => (value ? "是" : "否"),
  };
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
    paginate: { first: "首页", previous: "上一页", next: "下一页", last: "末页" },
  };
  // What a spreadsheet would take for a formula gets an apostrophe in exported files.
  const exported = {
    columns: ":visible",
    format: { body: (cell, row, column, node) => plain(cell) },
  };
  function plain(cell) {
    const text = String(cell ?? "").replace(/<[^>]*>/g, "").replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
    return /^[=+\-@\t\r]/.test(text) && !/^-?[\d,.]+%?$/.test(text) ? "'" + text : text;
  }

  for (const table of document.querySelectorAll("table[data-list]")) {
    const list = data.lists[table.dataset.list];
    const name = list.title + "_" + document.title.split(" · ")[1];
    window.jQuery(table).DataTable({
      data: list.rows,
      columns: list.columns.map((column) => ({
        title: escapeHtml(column.title),
        className: ["yuan", "count", "ratio"].includes(column.kind) ? "number" : "",
        render: (value, kind) => {
          if (value === null) return kind === "display" ? "—" : "";
          if (kind === "sort" || kind === "type") return value;
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
            { extend: "excelHtml5", text: "导出 Excel", filename: name, title: null, exportOptions: exported },
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
