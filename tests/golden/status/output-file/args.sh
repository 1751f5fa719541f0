mkdir work
cd work
# The ending chooses the format; the file appears whole, in the place of an old one.
echo old > report.md
"$SYSGAP" status gramine-1.8 --output report.md
head -3 report.md
"$SYSGAP" status gramine-1.8 --output report.json
head -2 report.json
ls
