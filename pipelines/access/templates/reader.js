// What a browser adds to the pages for readers: choosing needs no click more, and a new publication opens by itself.
(function () {
  "use strict";
  const own = document.currentScript.dataset;
  const filters = document.getElementById("filters");
  if (filters)
    for (const select of filters.querySelectorAll("select")) select.addEventListener("change", () => filters.requestSubmit());
  if (own.version)
    setInterval(async () => {
      try {
        const answer = await fetch("/version");
        if (answer.ok && !answer.redirected && (await answer.text()) !== own.version) location.reload();
      } catch (unreachable) {
        // The server is away for a moment.
      }
    }, Number(own.again) * 1000);
})();
