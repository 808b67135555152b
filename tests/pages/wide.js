// What is wider than the page: elements that reach beyond it, but for those in a box that scrolls.
() => {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")]
    .filter((each) => getComputedStyle(each).clipPath === "none" && each.getClientRects().length)
    .filter((each) => {
      const box = each.closest(".scroll");
      return !box || box === each || getComputedStyle(box).overflowX === "visible";
    })
    .filter((each) => each.getBoundingClientRect().right > width + 0.5
      || each.getBoundingClientRect().left < -0.5)
    .map((each) => `${each.outerHTML.slice(0, 120)}: ${each.getBoundingClientRect().right}`);
}
