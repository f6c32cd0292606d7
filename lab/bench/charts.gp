# SPDX-License-Identifier: GPL-2.0-only
#
# The charts of make bench, from table.tsv in the folder ARG1.

set datafile separator "\t"
set datafile missing "-"
set terminal pngcairo size 1200,700 noenhanced
set grid y
set key outside top center horizontal
set yrange [0:*]
set ylabel "instructions (median)"
table = ARG1."/table.tsv"

set output ARG1."/records.png"
set title "An audit record by a BPF LSM program"
set style data histograms
set style fill solid
set xtics rotate by -35
records = "<grep -vE '^(fields|depth|sock|sockaddr)-' ".table
plot records using 3:xtic(1) title "baseline", "" using 5 title "this kernel"

set output ARG1."/scaling.png"
set multiplot layout 1,3 title "What a record costs by"
unset title
series(name) = sprintf("<sed -n 's/^%s-//p' %s", name, table)
set xlabel "fields"
plot series("fields") using 3:xtic(1) title "baseline", "" using 5 title "this kernel"
set xlabel "address family"
families = "<sed -n '/^sock/p' ".table
plot families using 3:xtic(1) title "baseline", "" using 5 title "this kernel"
set xlabel "components of a path"
set style data linespoints
set xtics norotate 16
plot series("depth") using 1:3 title "baseline", "" using 1:5 title "this kernel"
unset multiplot
