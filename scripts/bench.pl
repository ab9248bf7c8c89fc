# Interleaved rounds of the runtimes' commands; prints a Markdown table. Called by scripts/bench.
use strict;
use warnings;
use Time::HiRes qw(time sleep);

my ($work, $swiftcr, $rounds) = @ARGV;
my @names = ('swiftcr', 'crun', 'runc');
my %program = (swiftcr => $swiftcr, crun => 'crun', runc => 'runc');
my %samples;

# Runs a command without a shell; its time, and user and system time with its children, in milliseconds.
sub timed {
  my @before = times;
  my $start = time;
  my $pid = fork;
  if ($pid == 0) {
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    exec @_ or die "exec @_: $!";
  }
  waitpid $pid, 0;
  my $took = (time - $start) * 1000;
  die "@_ failed: $?\n" if $?;
  my @after = times;
  return ($took, ($after[2] + $after[3] - $before[2] - $before[3]) * 1000);
}

sub note {
  my ($row, $name, $took, $cpu) = @_;
  push @{$samples{$row}{$name}}, $took;
  push @{$samples{"$row, CPU"}{$name}}, $cpu if $row eq 'run, back to back';
}

sub median { my @s = sort { $a <=> $b } @_; return $s[@s / 2]; }

for my $name (@names) { timed($program{$name}, 'run', '-b', "$work/true", "warm-$name") for 1 .. 3; }
for my $round (1 .. $rounds) {
  for my $name (@names) {
    note('run, back to back', $name, timed($program{$name}, 'run', '-b', "$work/true", "b-$name"));
  }
}
for my $round (1 .. $rounds) {
  for my $name (@names) {
    sleep 0.1;
    note('run, 100 ms after the last', $name, timed($program{$name}, 'run', '-b', "$work/true", "i-$name"));
  }
}
for my $round (1 .. $rounds) {
  for my $name (@names) {
    my @p = ($program{$name});
    my ($create) = timed(@p, 'create', '-b', "$work/sleep", "c-$name");
    my ($start) = timed(@p, 'start', "c-$name");
    my ($state) = timed(@p, 'state', "c-$name");
    my ($exec) = timed(@p, 'exec', "c-$name", '/bin/true');
    my ($delete) = timed(@p, 'delete', '--force', "c-$name");
    note('create + start + delete --force', $name, $create + $start + $delete, 0);
    note('exec', $name, $exec, 0);
    note('state', $name, $state, 0);
  }
}

my %calls;
for my $name (@names) {
  system("strace -f -c -o $work/calls $program{$name} run -b $work/true s-$name >/dev/null 2>&1");
  open my $file, '<', "$work/calls" or die;
  while (<$file>) { $calls{$name} = (split)[3] if /total$/; }
}

print "| | ", join(' | ', @names), " |\n|---|", '---:|' x @names, "\n";
for my $row ('run, back to back', 'run, back to back, CPU', 'run, 100 ms after the last', 'create + start + delete --force',
  'exec', 'state') {
  my $base = median(@{$samples{$row}{swiftcr}});
  print "| $row |", join('|', map {
      my $value = median(@{$samples{$row}{$_}});
      my $ratio = $base > 0 ? sprintf(' (%.1f)', $value / $base) : '';
      sprintf(' %.2f%s ', $value, $_ eq 'swiftcr' ? '' : $ratio)
    } @names), "|\n";
}
print "| system calls of one run |", join('|', map { " $calls{$_} " } @names), "|\n";
