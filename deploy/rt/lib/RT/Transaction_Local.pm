# Overlay: what of a message its sender wrote. Mail programs quote what they answer, often without a mark on each line;
# a time or a question in there was written by somebody else, or counted once already. The portal's rules (portal/lib/mail_quotes), shorter.
package RT::Transaction;
use strict; use warnings; use utf8;

my $header = qr/^\W{0,2}(?:od|from|von)\W{0,2}:\W/i;
my $header_next = qr/^\W{0,2}(?:odesláno|odoslan[éá]|datum|dátum|komu|předmět|predmet|sent|date|to|subject|gesendet|an|betreff|wysłan[oe]|do|temat)\W{0,2}:/i;
my $older = qr/^[-_=\s]{2,}(?:původní (?:zpráva|e-?mail)|přeposlaná zpráva|pôvodná správa|preposlaná správa|original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|wiadomość oryginalna|przekazana wiadomość)[-_=\s]{2,}$/i;
my $wrote = qr/(?:\d{4}|\d:\d\d|\@).*\b(?:napsal(?:a|\(a\)|\/a)?|napísal(?:a|\(a\))?|píše|odesílatel|wrote|schrieb|geschrieben|pisze|napisał(?:a|\(a\))?)\b.{0,200}:$/i;

sub OwnWords {
    my $self = shift;
    my @lines = split /\r?\n/, $self->Content(Type => 'text/plain') || '';
    my @own;
    for my $at (0 .. $#lines) {
        my $line = $lines[$at];
        my @next = grep { defined && /\S/ } @lines[$at + 1 .. ($at + 4 > $#lines ? $#lines : $at + 4)];
        last if $line =~ $older || $line =~ $header && grep { $_ =~ $header_next } @next;
        # "wrote:" may stand on the line after the date; below lines that are marked as quoted the sender may go on
        my $is_wrote = $line =~ $wrote || $line =~ /\d{4}|\@/ && ("$line " . ($next[0] // '')) =~ $wrote;
        last if $is_wrote && !grep { /^\s*>/ } @next;
        push @own, $line unless $line =~ /^\s*>/;
    }
    return join "\n", @own;
}
1;
