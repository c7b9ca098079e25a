"""How much CPU, time and memory a notification costs, beside what one would use instead.

make bench          everything; writes docs/benchmarks.md
make bench Q=2      one question; the others keep their last answers
make bench RESUME=1 those that have no answer of this commit
make bench-quick    fewer sockets and runs; prints, writes nothing

__main__      asks the questions and keeps the answers
questions/    what is measured, and how
contenders    ours and the peers: which server, which sender, how its clients connect
bench         one run: a server, its sender and the clients, started and stopped
load          the clients: a process of its own, which checks every frame
sender        whoever calls `notify.send`: a process of its own
stores        the databases of questions 7 and 9: a process of its own
sends, turns  whoever is measured calling `notify.send`, in questions 12 to 14
site/         the project of config/ with a view that calls `notify.send`
peers/        small programs that do the same with other means
machine       CPU time and memory of a process, from the operating system
report, plots docs/benchmarks.md, docs/benchmarks/
"""
