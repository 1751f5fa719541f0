// The page is readable without this. It adds links to the parts, and a click on a column's head sorts a
// longer table by it.
"use strict";
const parts = [...document.querySelectorAll("h2")];
if (parts.length > 2) {
	const links = document.createElement("nav");
	for (const part of parts) {
		const link = document.createElement("a");
		part.id ||= part.textContent.toLowerCase().replace(/[^a-z0-9]+/g, "-");
		link.href = "#" + part.id;
		link.textContent = part.textContent;
		links.append(link);
	}
	document.querySelector("h1").after(links);
}
for (const table of document.querySelectorAll("table")) {
	const body = table.tBodies[0];
	if (body.rows.length < 4)
		continue;
	table.classList.add("sortable");
	const heads = [...table.tHead.rows[0].cells];
	const key = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
	const compare = (a, b) => a.localeCompare(b, "en", { numeric: true });
	const sort = (head, column) => {
		const numeric = head.classList.contains("number");
		const before = head.getAttribute("aria-sort");
		const down = before ? before === "ascending" : numeric;
		for (const other of heads)
			other.removeAttribute("aria-sort");
		head.setAttribute("aria-sort", down ? "descending" : "ascending");
		const rows = [...body.rows].sort((a, b) => compare(key(a, column), key(b, column)));
		body.append(...(down ? rows.reverse() : rows));
	};
	heads.forEach((head, column) => {
		head.tabIndex = 0;
		head.addEventListener("click", () => sort(head, column));
		head.addEventListener("keydown", (event) => event.key === "Enter" && sort(head, column));
	});
}
