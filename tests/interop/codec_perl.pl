#!/usr/bin/perl
# The codec of Net::SMPP as a process: lines of JSON in and out, as codec_facts.py says. The package has no codec apart
# from its connections, so it talks to itself over one.
use strict;
use warnings;
use JSON::PP;
use Net::SMPP;

$SIG{__WARN__} = sub { };    # it warns of every tag without a name
$SIG{__DIE__}  = 'DEFAULT';
$| = 1;
my $json   = JSON::PP->new->ascii->canonical;
my $server = Net::SMPP->new_listen('127.0.0.1', port => 0) or die "cannot listen: $!";
my $near   = Net::SMPP->new_connect('127.0.0.1', port => $server->sockport, async => 1) or die "cannot connect: $!";
my $far    = $server->accept or die "cannot accept: $!";

my %names   = map { $_ => Net::SMPP::pdu_tab->{$_}{cmd} } keys %{ +Net::SMPP::pdu_tab };
my %tags    = map { $_ => Net::SMPP::param_tab->{$_}{name} } keys %{ +Net::SMPP::param_tab };
my @numbers = qw(interface_version addr_ton addr_npi source_addr_ton source_addr_npi dest_addr_ton dest_addr_npi
    esme_addr_ton esme_addr_npi esm_class protocol_id priority_flag registered_delivery replace_if_present_flag
    data_coding sm_default_msg_id message_state error_code);
my @strings = qw(system_id password system_type address_range service_type source_addr destination_addr esme_addr
    message_id schedule_delivery_time validity_period final_date short_message);

sub octets_of { return pack 'H*', shift }
sub hex_of { return unpack 'H*', shift }

sub sent {    # octets into one end of the connection
    my ($octets) = @_;
    while (length $octets) {
        my $count = $near->syswrite($octets);
        defined $count or die "write: $!";
        substr($octets, 0, $count) = '';
    }
}

sub received {    # one frame out of the other, undecoded
    my $frame = '';
    my $whole = 4;
    while (length $frame < $whole) {
        $far->sysread($frame, $whole - length $frame, length $frame) or die "read: $!";
        $whole = unpack 'N', $frame if length $frame == 4;
    }
    return $frame;
}

sub dest_of {
    my ($pdu) = @_;
    return [map { $pdu->{dest_flag}[$_] == 2
            ? [hex_of($pdu->{destination_addr}[$_])]
            : [$pdu->{dest_addr_ton}[$_], $pdu->{dest_addr_npi}[$_], hex_of($pdu->{destination_addr}[$_])]
    } 0 .. $pdu->{number_of_dests} - 1];
}

sub unsuccess_of {
    my ($pdu) = @_;
    return [map { [$pdu->{dest_addr_ton}[$_], $pdu->{dest_addr_npi}[$_], hex_of($pdu->{destination_addr}[$_]),
            $pdu->{error_status_code}[$_]]
    } 0 .. $pdu->{no_unsuccess} - 1];
}

sub reading {
    my $octets = octets_of(shift);
    my $name   = $names{ unpack 'x4N', $octets };
    return { unknown => JSON::PP::true } unless $name;
    sent($octets);
    my $pdu = $far->read_pdu or die 'no PDU';
    my %facts = (command => $name, status => $pdu->{status}, sequence => $pdu->{seq});
    for my $field (@numbers) { $facts{$field} = 0 + $pdu->{$field} if defined $pdu->{$field} && !ref $pdu->{$field} }
    for my $field (@strings) { $facts{$field} = hex_of($pdu->{$field}) if defined $pdu->{$field} && !ref $pdu->{$field} }
    $facts{dest_address}  = dest_of($pdu)      if defined $pdu->{number_of_dests};
    $facts{unsuccess_sme} = unsuccess_of($pdu) if defined $pdu->{no_unsuccess};
    my %mandatory = map { $_ => 1 } @numbers, @strings;
    for my $tag (grep { /^\d+$/ } keys %$pdu) {
        # A tag and a mandatory parameter of one name share one place: the package lets the tag win.
        delete $facts{ $tags{$tag} } if $tags{$tag} && $mandatory{ $tags{$tag} };
        $facts{ sprintf 'tlv:0x%04x', $tag } = [hex_of($pdu->{$tag})];
    }
    return { facts => \%facts };
}

sub writing {
    my ($asked) = @_;
    my $name   = $asked->{command};
    my $method = $near->can($name);
    return { unknown => JSON::PP::true } unless $method;
    my $fields = $asked->{fields};
    my @given  = (seq => $asked->{sequence});
    push @given, status => $asked->{status} if $asked->{command_id} & 0x80000000;
    for my $field (sort keys %$fields) {
        my $value = $fields->{$field};
        if ($field eq 'dest_address') {
            push @given, dest_flag => [map { @$_ == 1 ? 2 : 1 } @$value],
                dest_addr_ton    => [map { @$_ == 1 ? 0 : $_->[0] } @$value],
                dest_addr_npi    => [map { @$_ == 1 ? 0 : $_->[1] } @$value],
                destination_addr => [map { octets_of($_->[-1]) } @$value];
        } elsif ($field eq 'unsuccess_sme') {
            push @given, dest_addr_ton => [map { $_->[0] } @$value], dest_addr_npi => [map { $_->[1] } @$value],
                destination_addr  => [map { octets_of($_->[2]) } @$value],
                error_status_code => [map { $_->[3] } @$value];
        } else {
            push @given, $field => (grep { $_ eq $field } @numbers) ? $value : octets_of($value);
        }
    }
    for my $tlv (@{ $asked->{tlvs} }) {
        my ($tag, undef, $value) = @$tlv;
        return { error => 'no way to write octets with a tag without a name' } unless $tags{$tag};
        push @given, $tags{$tag} => octets_of($value);
    }
    push @given, async => 1 unless $asked->{command_id} & 0x80000000 || $name eq 'outbind';
    $near->$method(@given);
    return { octets => hex_of(received()) };
}

while (my $line = <STDIN>) {
    my $asked  = $json->decode($line);
    my $answer = eval { exists $asked->{read} ? reading($asked->{read}) : writing($asked->{write}) };
    $answer = { error => substr "$@", 0, 200 } unless $answer;
    print $json->encode($answer), "\n";
}
