"""A person at a keyboard: moves by Tab, acts by Enter and Space, and always sees where they are."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

STOPS_MAX = 80
# What has the focus: whether it is a real stop, is inside the window and has a visible ring.
LOOK = """() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return {is_body: at === document.body, ring, inside, html: at.outerHTML.slice(0, 160)};
}"""


class Keyboard:
    """Presses keys on a page; every stop must be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def go_to(self, target: Locator) -> None:
        """Tab forward until `target` has the focus; past the end of the page it begins again."""
        target.wait_for()
        for _ in range(STOPS_MAX):
            if target.evaluate("(wanted) => document.activeElement === wanted"):
                self.check()
                return
            self.press("Tab")
        raise AssertionError(f"{target} is not reached by {STOPS_MAX} presses of Tab")

    def check(self) -> None:
        """Focus is on something, in sight and ringed."""
        seen = self.page.evaluate(LOOK)
        assert not seen["is_body"], "focus fell to the page's body"
        assert seen["inside"], f"out of sight: {seen['html']}"
        assert seen["ring"], f"no visible focus: {seen['html']}"

    def use(self, target: Locator, key: str = "Enter") -> None:
        self.go_to(target)
        self.press(key)

    def fill(self, target: Locator, text: str) -> None:
        """Replace what the field holds."""
        self.go_to(target)
        self.press("ControlOrMeta+a")
        self.type(text)
