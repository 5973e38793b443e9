# Overlay: a reply that lost its subject tag is still threaded, by In-Reply-To and References. A header can be forged
# as easily as a tag; so, as with a tag, only what the sender may do anyway is done.
package RT::Interface::Email;
use strict; use warnings;

my $by_tag = \&ExtractTicketId;
my $most = 30;    # a hostile header names thousands

sub _ticket_by_reference {
    my $head = shift->head;
    my $here = quotemeta RT->Config->Get('Organization');
    my @named = map { ($head->get($_) || '') =~ /<([^<>\s]+)>/g } qw(In-Reply-To References);
    splice @named, $most if @named > $most;
    for my $name (@named) {
        return $1 if $name =~ /^RT-Ticket-([0-9]+)\@$here$/i;
        return $1 if $name =~ /^rt-.*-[0-9]+-[0-9]+-[0-9]+\.([0-9]+)-[0-9]+-[0-9]+\@$here$/;
    }
    for my $name (@named) {    # a mail that came in before
        my $parts = RT::Attachments->new(RT->SystemUser);
        $parts->Limit(FIELD => 'MessageId', VALUE => $name);
        my $part = $parts->First or next;
        my $about = $part->TransactionObj->Object;
        return $about->Id if $about && $about->isa('RT::Ticket');
    }
    return undef;
}

{
    no warnings 'redefine';
    *ExtractTicketId = sub { my $mail = shift; return $by_tag->($mail, @_) || _ticket_by_reference($mail) };
}
1;
