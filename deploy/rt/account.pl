#!/usr/bin/perl
# account.pl password USER | token USER | technician USER ADDRESS REALNAME | company CODE "NAME | DOMAINS" | vacant
# A password is read from standard input, because others can see a command line; a token is printed, this once.
# vacant: whether load.sh has not been here, and nothing stands in its way.
use strict; use warnings; use utf8; use lib '/usr/share/request-tracker5/lib';
use RT; RT->LoadConfig; RT->Init;
use Encode qw(decode_utf8);
binmode STDERR, ':encoding(UTF-8)';
my ($what, @words) = map { decode_utf8($_) } @ARGV;
$what //= '';
sub done { my ($ok, $msg) = @_; print STDERR "$msg\n" unless $ok; exit($ok ? 0 : 1) }
sub read_password { my $line = <STDIN> // ''; chomp $line; die "no password came\n" if $line eq ''; return $line }
sub found { my ($class, $how, @what) = @_; my $one = $class->new(RT->SystemUser); $one->$how(@what); return $one }
sub user { my $user = found('RT::User', Load => $_[0]); die "no user $_[0]\n" unless $user->id; return $user }
sub field { return found('RT::CustomField', LoadByName => Name => $_[0], LookupType => 'RT::Queue-RT::Ticket') }
if ($what eq 'password') {
    done(user($words[0])->SetPassword(read_password()));
} elsif ($what eq 'token') {
    my ($id, $msg, $token) = RT::AuthToken->new(RT->SystemUser)->Create(Owner => user($words[0])->id, Description => 'portal');
    print "$token\n" if $id;
    done($id, $msg);
} elsif ($what eq 'technician') {
    my $user = RT::User->new(RT->SystemUser);
    my ($id, $msg) = $user->Create(Name => $words[0], EmailAddress => $words[1], RealName => $words[2],
        Privileged => 1, Password => read_password());
    die "$msg\n" unless $id;
    done(found('RT::Group', LoadUserDefinedGroup => 'Technicians')->AddMember($user->PrincipalId));
} elsif ($what eq 'company') {
    my $field = field('Company');
    die "load.sh first: there is no field Company\n" unless $field->id;
    done($field->AddValue(Name => $words[0], Description => $words[1]));
} elsif ($what eq 'vacant') {
    my @there = grep { $_ } map({ field($_)->id && "a field $_" } qw(Company TimeEntries PortalNotes)),
        found('RT::Queue', Load => 'IT')->id && 'a queue IT';
    done(!@there, 'This Request Tracker has already: ' . join(', ', @there));
} else {
    die "usage: account.pl password USER | token USER | technician USER ADDRESS REALNAME | company CODE 'NAME | DOMAINS' | vacant\n";
}
