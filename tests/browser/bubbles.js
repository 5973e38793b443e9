// What a page of messages does wrong: markup that should not be there, boxes outside their bubble, covered controls.
([allowed, plain]) => {
  const faults = [];
  const start = (element) => element.outerHTML.slice(0, 150);
  const isOutside = (box, edge) =>
    box.left < edge.left - 1 || box.right > edge.right + 1 || box.top < edge.top - 1 || box.bottom > edge.bottom + 1;

  const checkMarkup = (element) => {
    if (!plain.includes(element.tagName) && !(element.tagName in allowed)) faults.push(`tag: ${start(element)}`);
    for (const { name } of element.attributes) {
      const isAllowed = name === "lang" || (allowed[element.tagName] || []).includes(name);
      if (!isAllowed) faults.push(`attribute ${name}: ${start(element)}`);
    }
    const leads = element.tagName === "A" && element.hasAttribute("href");
    if (leads && !/^(https?|mailto|tel):/.test(element.href)) faults.push(`link: ${start(element)}`);
  };

  const checkPlace = (element, bubble) => {
    const style = getComputedStyle(element);
    const isMoved = style.position !== "static" || style.transform !== "none" || style.zIndex !== "auto";
    if (isMoved) faults.push(`place: ${start(element)}`);
    let clip = element.parentElement; // whatever scrolls its content keeps it in
    while (clip !== bubble && getComputedStyle(clip).overflowX === "visible") clip = clip.parentElement;
    const box = element.getBoundingClientRect();
    if (clip === bubble && box.width && isOutside(box, bubble.getBoundingClientRect())) {
      faults.push(`outside: ${start(element)}`);
    }
  };

  for (const fold of document.querySelectorAll("details.quoted")) fold.open = true;
  for (const bubble of document.querySelectorAll(".bubble")) {
    for (const element of bubble.querySelectorAll(".written *")) {
      checkMarkup(element);
      checkPlace(element, bubble);
    }
  }
  for (const control of document.querySelectorAll(".side a, .head a, .facts a, .titlebar button")) {
    control.scrollIntoView({ block: "center" });
    const box = control.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    const isFree = top && (control.contains(top) || top.contains(control));
    if (control.checkVisibility() && !isFree) faults.push(`covered: ${start(control)}`);
  }
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) faults.push("the page is wider than the window");
  if (window.owned) faults.push("a script ran");
  return faults;
}
