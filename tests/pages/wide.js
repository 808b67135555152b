// What reaches beyond the page, but for what is in a box that scrolls, or is there to be heard only.
() => {
  const width = document.documentElement.clientWidth;
  const inside = (element) => {
    for (let each = element.parentElement; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (style.overflowX === "auto" || style.clipPath !== "none") return true;
    }
    return false;
  };
  return [...document.querySelectorAll("body *")]
    .filter((each) => each.getClientRects().length && !inside(each))
    .map((each) => [each, each.getBoundingClientRect()])
    .filter(([_, box]) => box.right > width + 0.5 || box.left < -0.5)
    .map(([each, box]) => `${each.outerHTML.slice(0, 120)}: ${box.left} to ${box.right}`);
}
