# Starts commands on image stores, kills them, and looks at the stores. Called by scripts/kill-test-store.
use strict;
use warnings;
use Time::HiRes qw(time clock_nanosleep CLOCK_MONOTONIC);

my ($work, $swiftcr, $count, $repository) = @ARGV;
my @names = ("$repository:one", "$repository:two", "$repository:three", 'loaded/docker:two', 'loaded/oci:three');
# What a quarter of the commands has to do with, and what the checks have.
my ($tight, $wide) = ('size=7m', 'size=64m');
$| = 1;

my $seed = $ENV{SEED} // int(time) % 100_000;
srand $seed;

sub start {
  my ($store, @command) = @_;
  my $pid = fork // die "fork: $!\n";
  return $pid if $pid;
  open STDIN, '<', '/dev/null';
  open STDOUT, '>', "$work/out";
  open STDERR, '>&', \*STDOUT;
  exec $swiftcr, '--store', $store, '--root', "$work/state", @command or die;
}

sub output {
  open my $file, '<', "$work/out" or return '';
  local $/;
  return <$file> // '';
}

# To its end. The status is 0, or the command's.
sub run {
  my $pid = start(@_);
  waitpid $pid, 0;
  return $? ? $? >> 8 || 255 : 0;
}

sub must {
  my $status = run(@_);
  die "seed $seed: @_: status $status\n" . output() if $status;
  return output();
}

sub remount { system('mount', '-o', "remount,$_[0]", "$work/small") == 0 or die "remount: $?\n" }

# Each command with what makes it have something to do.
my %commands = (
  'pull' => sub { my $name = $names[int rand 3]; return (['rmi', '--force', $name], ['pull', '--quiet', $name]) },
  'load' => sub {
    my $at = int rand 2;
    return (['rmi', '--force', $names[3 + $at]], ['load', '--quiet', '-i', "$work/" . ('two.tar', 'three.tar')[$at]]);
  },
  'commit' => sub { return (undef, ['commit', 'box', 'made:' . int rand 3]) },
  'prune' => sub { return (['pull', '--quiet', $names[int rand 3]], ['prune', '--force', '--all']) },
);
my @kinds = sort keys %commands;

sub fill {
  my ($store) = @_;
  must($store, 'pull', '--quiet', @names[0 .. 2]);
  must($store, 'load', '--quiet', '-i', "$work/$_.tar") for 'two', 'three';
}

# Nothing is damaged, and all that is there has its place.
sub check {
  my ($store, $what) = @_;
  my $status = run($store, 'image', 'verify');
  die "seed $seed: damaged after $what:\n" . output() if $status || output() ne "no damage found\n";
}

my %durations;
my $first = "$work/store";
fill($first);
must($first, 'run', '--name', 'box', '--image', $names[0], 'sh', '-c', 'echo x > /x; rm -r /app; cp /blob /more');
for my $kind (@kinds) {
  my ($before, $command) = $commands{$kind}->();
  run($first, @$before) if $before;
  my $begin = time;
  must($first, @$command);
  $durations{$kind} = (time - $begin) * 1.1;
}
printf "seed %d; %s\n", $seed, join ', ', map { sprintf '%s takes %.0f ms', $_, $durations{$_} * 1000 } @kinds;

my (%killed, %ended, %failed);
for my $round (1 .. $count) {
  my $is_small = $round % 4 == 0;
  my $store = $is_small ? "$work/small/store" : $first;
  my $kind = $kinds[int rand @kinds];
  $kind = 'pull' if $is_small && $kind eq 'commit';
  my ($before, $command) = $commands{$kind}->();
  if ($is_small) {
    must($store, 'prune', '--force', '--all') if rand() < 0.5;
    # A file system that has more in it already stays as it is.
    system "mount -o remount,$tight $work/small 2>/dev/null";
  }
  run($store, @$before) if $before;
  my $pid = start($store, @$command);
  # Our own child, not yet waited for: the pid is still its own. Small ones may go on until there is no more room.
  clock_nanosleep(CLOCK_MONOTONIC, rand($durations{$kind}) * ($is_small ? 2 : 1) * 1e9);
  kill 'KILL', $pid;
  waitpid $pid, 0;
  my ($status, $said) = ($?, output());
  if (($status & 127) == 9) { $killed{$kind}++ }
  elsif ($status == 0) { $ended{$kind}++ }
  else {
    $failed{$kind}++;
    my $is_full = $is_small && $said =~ /^[^\n]*No space left on device[^\n]*\n\z/i;
    die "seed $seed: @$command on $store failed:\n$said" unless $is_full;
  }
  remount($wide) if $is_small;
  check($store, "$kind on $store, round $round");
}
printf "%-8s %4d killed, %4d ended before, %4d without room\n", $_, $killed{$_} // 0, $ended{$_} // 0, $failed{$_} // 0
  for @kinds;

# What is there now is what a store has that nothing ever happened to.
sub usage {
  my ($store) = @_;
  return must($store, 'df', '--format', 'json');
}

my @known = qw(version lock oci-layout index.json blobs layers stacks kept leases holds downloads making);
for my $place ($work, "$work/small") {
  my ($store, $fresh) = ("$place/store", "$place/fresh");
  run($store, 'rm', 'box') if $place eq $work;
  must($store, 'rmi', '--force', map { "made:$_" } 0 .. 2);
  for my $name ($store, $fresh) {
    fill($name);
    must($name, 'prune', '--force');
  }
  check($store, 'all');
  for my $directory ('making', 'holds', 'downloads') {
    my @left = map { s{.*/}{}r } glob "$store/$directory/*";
    die "seed $seed: left over in $store/$directory: @left\n" if @left;
  }
  my %is_known = map { $_ => 1 } @known;
  my @left = grep { !$is_known{$_} } map { s{.*/}{}r } glob "$store/*";
  die "seed $seed: left over in $store: @left\n" if @left;
  my ($was, $is) = (usage($fresh), usage($store));
  die "seed $seed: $store is not what a fresh store is:\n$is\nfresh:\n$was" if $was ne $is;
}
print "no damage, and nothing was left behind\n";
