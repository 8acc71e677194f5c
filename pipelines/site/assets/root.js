// The root page: finding one's own unit among all. Without scripts all of them are listed. What
// changes with every publication is in published.js.
(function () {
  "use strict";
  for (const place of document.querySelectorAll("[data-published]")) place.textContent = window.published?.[place.dataset.published] ?? "";
  const field = document.getElementById("find");
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    let found = 0;
    for (const item of document.querySelectorAll("[data-find]")) {
      item.hidden = !item.dataset.find.toLowerCase().includes(wanted);
      if (!item.hidden) found += 1;
    }
    for (const list of document.querySelectorAll("ul.audiences")) {
      const none = !list.querySelector("li:not([hidden])");
      list.hidden = none;
      list.previousElementSibling.hidden = none;
    }
    for (const city of document.querySelectorAll("main section")) city.hidden = !city.querySelector("li:not([hidden])");
    document.getElementById("none").hidden = found > 0;
  });
})();
