// Runs before the first paint: marks the page as scripted and restores theme and density.
(function (root) {
  root.classList.add("js");
  try {
    ["theme", "density"].forEach(function (name) {
      var value = localStorage.getItem("nexa-" + name);
      if (value) root.dataset[name] = value;
    });
  } catch (error) {
    // Storage may be switched off; the page then follows the system.
  }
})(document.documentElement);
