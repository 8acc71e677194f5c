// What a browser adds to handing in: files dropped anywhere on the field, and how much has been sent. Without scripts the form works as it is.
(function () {
  "use strict";
  const form = document.getElementById("hand-in");
  if (!form) return;
  const zone = form.querySelector(".drop-zone");
  const input = form.querySelector("input[type=file]");
  const bar = document.getElementById("sent");
  for (const name of ["dragenter", "dragover"])
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  for (const name of ["dragleave", "drop"])
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.remove("over");
    });
  zone.addEventListener("drop", (event) => {
    if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const sent = new FormData(form, event.submitter);
    const request = new XMLHttpRequest();
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    bar.hidden = false;
    request.upload.addEventListener("progress", (told) => {
      if (told.lengthComputable) bar.value = told.loaded / told.total;
    });
    // Taken: the receipt has an address. Otherwise the answer is a page that says why, or what was found.
    request.addEventListener("load", () => {
      if (new URL(request.responseURL).pathname !== "/hand-in") location.assign(request.responseURL);
      else document.body.replaceWith(new DOMParser().parseFromString(request.responseText, "text/html").body);
    });
    request.addEventListener("error", () => {
      for (const button of form.querySelectorAll("button")) button.disabled = false;
      bar.hidden = true;
      window.alert("没有传完：网络中断，或文件超过上限。请重试。");
    });
    request.open("POST", form.action);
    request.send(sent);
  });
})();
