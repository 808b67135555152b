// Texts and lines of SVG that stand out less from what is behind them than they must: for each
// what it is, its colours and the ratio of their luminances (WCAG 2.2, 1.4.3 and 1.4.11).
() => {
  const parsed = (colour) => {
    const parts = colour.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    return parts.length === 3 ? [...parts, 1] : parts;
  };
  const over = (top, below) =>
    [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const behind = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement)
      layers.push(parsed(getComputedStyle(each).backgroundColor));
    return layers.reduceRight((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (first, second) => {
    const [low, high] = [luminance(first), luminance(second)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [];
  const opacity = (element) =>
    element ? Number(getComputedStyle(element).opacity) * opacity(element.parentElement) : 1;
  const look = (element, colour, least, what) => {
    const ground = behind(element);
    const [r, g, b, alpha] = parsed(colour);
    const value = ratio(over([r, g, b, alpha * opacity(element)], ground), ground);
    if (value < least) found.push(`${what}: ${colour} on ${ground}: ${value.toFixed(2)}`);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim()) continue;
    const style = getComputedStyle(element);
    look(element, element.closest("svg") ? style.fill : style.color, 4.5, texts.currentNode.data);
  }
  const drawn = "polyline, g[class] > line:not(.single), .limit, .zero, circle, path";
  for (const element of document.querySelectorAll(drawn))
    look(element, getComputedStyle(element).stroke, 3, element.outerHTML);
  return found;
}
