() => {
  // Contrast as WCAG 2 defines it: 4.5 for text, 3 for large text and for lines. Returns what has
  // less, as [what, ratio, needed], and how many texts and lines were looked at. An element with
  // data-decoration, and the grid of a figure, say nothing that is not said elsewhere.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [x, y, z]) => [
    r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1,
  ];
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((each) => {
      const share = each / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const lineage = (element) => {
    const found = [];
    for (let each = element; each; each = each.parentElement) found.push(each);
    return found;
  };
  const behind = (element) => {
    const dark = getComputedStyle(document.documentElement).colorScheme.includes("dark")
      && matchMedia("(prefers-color-scheme: dark)").matches;
    return lineage(element).reverse().reduce(
      (below, each) => over(parse(getComputedStyle(each).backgroundColor), below),
      dark ? [18, 18, 18, 1] : [255, 255, 255, 1],
    );
  };
  const seen = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && element.getBoundingClientRect().width > 1;
  const faint = [];
  const judge = (what, element, colour, alpha, needed) => {
    const below = behind(element);
    const shade = parse(colour);
    for (const each of lineage(element)) alpha *= Number(getComputedStyle(each).opacity);
    const found = ratio(over([...shade.slice(0, 3), shade[3] * alpha], below), below);
    if (found < needed) faint.push([what, Math.round(100 * found) / 100, needed]);
    return found;
  };

  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    const text = walk.currentNode.data.trim();
    if (!text || !seen(element) || element.closest("script, style")) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const drawn = element instanceof SVGElement;
    judge(text.slice(0, 40), element, drawn ? style.fill : style.color, 1, large ? 3 : 4.5);
    texts += 1;
  }
  const grid = getComputedStyle(document.documentElement).getPropertyValue("--grid").trim();
  let lines = 0;
  for (const element of document.querySelectorAll("svg path, svg use, svg circle, svg rect")) {
    const style = getComputedStyle(element);
    const plain = !grid || parse(style.stroke).join() !== parse(grid).join();
    if (style.stroke === "none" || !plain || !seen(element)) continue;
    if (element.closest("defs, [data-decoration]")) continue;
    const alpha = Number(style.strokeOpacity);
    judge(`line ${style.stroke} at ${alpha}`, element, style.stroke, alpha, 3);
    lines += 1;
  }
  return { faint, texts, lines };
}
