"""The forms of secrets that `canaries.py` fills in, one a line; {v} is the secret."""

_MORE = r"""
proxy_password={v}
http_proxy_password: {v}
https_proxy_passwd={v}
-Dhttp.proxyPassword={v} -jar app.jar
proxy_pass: {v}
fastcgi_secret: {v}
grpc_token: {v}
pwd={v}
"pwd": "{v}"
Server=db;UID=sa;PWD={v}
Driver=x;Uid=sa;Pwd={v};Encrypt=yes
stripe_key: {v}
STRIPE_KEY={v} app
"pusherKey": "{v}"
export MAPS_KEY_LIVE={v}
app --maps-key {v}
REDISCLI_AUTH={v} redis-cli
SetEnv PROXY_PASSWORD {v}
fastcgi_param DB_PASSWORD "{v}";
aws configure set aws_secret_access_key {v} --profile x
secrets: {stripe: {v}, other: '{v}'}
: PSK "{v}"
%any %any : PSK "{v}"
carol : EAP "{v}"
bob : XAUTH "{v}"
: RSA key.pem "{v}"
key "rndc" { algorithm hmac-sha256; secret "{v}"; };
community {v} ro
set snmp community {v} authorization read-only
com2sec readonly default {v}
trap2sink 10.0.0.1 {v} 162
createUser bob SHA "{v}" AES {v}
snmp-server host 10.0.0.9 version 2c {v}
snmpwalk -v2c -c {v} 10.0.0.1
enable secret 5 {v}
username admin privilege 15 secret {v}
tacacs-server host 10.0.0.1 key 7 {v}
crypto isakmp key {v} address 10.0.0.1
ip ospf message-digest-key 1 md5 7 {v}
neighbor 10.0.0.1 password 7 {v}
key-string {v}
standby 1 authentication {v}
"bob" * "{v}" *
[smtp.example.org]:587 bob:{v}
10.0.0.1:1812 {v} 3
db.internal:5432:app:bob:{v}
"bob" "{v}"
bob:{PLAIN}{v}:1000
user default on >{v} ~* +@all
http-auth bob:{v}
rootpw --plaintext {v}
mysql-server mysql-server/root_password password {v}
CREATE USER bob IDENTIFIED BY {v};
SET PASSWORD FOR 'x'@'%' = PASSWORD('{v}');
auth=HTTPBasicAuth("bob", "{v}")
ConvertTo-SecureString "{v}" -AsPlainText -Force
send "{v}\r"
chpasswd <<< "root:{v}"
echo -n 'root:{v}' | sudo /usr/sbin/chpasswd
printf '%s:%s\n' root {v} | chpasswd
echo '{v}' | passwd --stdin root
passwd --stdin root <<< {v}
(echo '{v}'; echo '{v}') | smbpasswd -s -a bob
echo {v} | sudo -S apt update
echo "{v}" | docker login -u x --password-stdin
echo {v} | docker secret create db_password -
gh auth login --with-token <<< {v}
echo {v} | openssl passwd -stdin
htpasswd -bB -C 10 file user {v}
htpasswd -nbB user {v}
mariadb-dump -u root -p{v} app
docker exec -i db sh -c 'mysql -uroot -p{v} app'
["mysql", "-uroot", "-p{v}", "app"]
"cmd": ["sshpass", "-p", "{v}", "ssh"]
curl -su user:{v} https://x
curl -U u:{v} https://x
http -a user:{v} example.org
lftp -u bob,{v} sftp://h
smbclient //h/s -U bob%{v}
net use z: \\srv\share /user:x {v}
net use \\srv\share {v} /user:dom\bob
NET USER bob {v} /ADD
xfreerdp /u:bob /p:{v} /v:h
openssl passwd -1 -salt xy '{v}'
useradd -m -p $(openssl passwd -6 {v}) bob
openssl dgst -hmac {v} file
redis-cli -h h -a '{v}' ping
mongodump -u x -p {v}
rabbitmqctl add_user bob {v}
ldapsearch -x -D cn=admin -w {v} -b dc=x
ipmitool -H h -U root -P {v} power status
sqlcmd -S h -U sa -P {v} -Q x
sqlplus scott/{v}@db
zip -rP {v} a.zip f
7z a -p{v} a.7z f
ssh-keygen -p -P {v} -N {v} -f k
usermod -p '{v}' bob
kadmin.local -q "cpw -pw {v} bob"
vault kv put secret/app user=bob conf={v} more={v}
kubectl create secret generic db --from-literal=a=b1c --from-literal=conf={v}
wpa_passphrase ssid {v}
nmcli c modify x wifi-sec.psk {v}
ansible-vault encrypt_string '{v}' --name x
doveadm pw -s SSHA -p {v}
"""
# What sets a variable whose name has a sign, names of several words, and names that are values.
_NAMED = r"""
$dbpass='{v}';
$db_password = '{v}';
my $password = '{v}';
our $api_token="{v}";
$Password = "{v}"
[string]$Password = "{v}"
  private static string $secret='{v}';
function connect($user, $password = '{v}')
$conf = array($password => '{v}');
$password ||= '{v}';
$password //= '{v}';
password ??= '{v}'
{{ $password := "{v}" }}
$password['db'] = '{v}';
{"stdout": "<?php\n$dbpass = \"{v}\";\n"}
{'stdout': '<?php\n$dbpass = \'{v}\';'}
data=%7B%22password%22%3A%22{v}%22%7D
{\u0022password\u0022:\u0022{v}\u0022,\u0022host\u0022:\u0022db\u0022}
{\x22password\x22: \x22{v}\x22}
{&quot;password&quot;: &quot;{v}&quot;, &quot;host&quot;: 1}
&#34;password&#34;:&#34;{v}&#34;
next=%2Flogin%3Fuser%3Dbob%26password%3D{v}
password 1: {v}
{"ParameterKey":"DbPassword","ParameterValue":"{v}"}
{"ParameterValue": "{v}", "ParameterKey": "DbPassword"}
ParameterKey=Env,ParameterValue=prod ParameterKey=DbPassword,ParameterValue={v} ParameterKey=Size,ParameterValue=2
{"OptionName": "DbPassword", "Value": "{v}"}
Unseal Key 1: {v}
Recovery Key 2: {v}
Secret Access Key: {v}
API Key: {v}
  api key = {v}
"API Key": "{v}"
'Secret Access Key' => '{v}',
Pre-Shared Key : {v}
Private Key:    {v}
"""
LONG_FORMS = (
    "cat <<'EOF' | sudo chpasswd\nroot:{v}\nbob:{v}\nEOF",
    "  shell: |\n    passwd --stdin root <<-EOF\n    {v}\n    EOF\n  next: 1",
    "mysql -u root \\\n  -p{v} \\\n  app",
    "- name: STRIPE_KEY\n  value: {v}",
    "stripe_key: >-\n  {v}\nnext: 1",
    "api_keys:\n  stripe: {v}\n  a:\n    b: {v}\n  c: {v}\nd: 1",
    "-----BEGIN OpenVPN Static key V1-----\n{v}\n-----END OpenVPN Static key V1-----",
    "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{v}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
)
# Headers, as clients print them in their messages; {v} is the secret.
_HEADERS = r"""
> Authorization: Token {v}
> Authorization: token {v}
> authorization: ApiKey {v}
> Authorization: Splunk {v}
> Authorization: GenieKey {v}
> Authorization: Bot {v}
> Authorization: SSWS {v}
> Authorization: Negotiate {v}
> Authorization: Unknown {v}
> Authorization: Token token="{v}"
> Authorization: OAuth oauth_consumer_key="bob", oauth_signature="{v}"
> Authorization: Digest username="bob", realm="x", uri="/", response="{v}", qop=auth
> Authorization: AWS4-HMAC-SHA256 Credential=bob/20130524/s3/aws4_request, SignedHeaders=host;range, Signature={v}
Authorization=Splunk {v} of web-1
Authorization=Digest username="bob", response="{v}"
{Authorization: Digest username="bob", response="{v}", Accept: x}
* [HTTP/2] [1] [authorization: Token {v}]
{"stderr": "> Authorization: Token {v}\r\n> Accept: x"}
{"stderr": "> Authorization: Digest username=\"bob\", response=\"{v}\"\r\n> Accept: x"}
curl -H "Authorization: Token {v}" https://example.org
curl -H 'Authorization: Digest username="bob", response="{v}"' https://example.org
> Authorization: [redacted] {v}
The server answered 403 to Authorization: SSWS {v} of web-1
> Cookie: theme=dark; sessionid={v}
< Set-Cookie: theme=dark; sid={v}; Path=/; HttpOnly
"""

MORE_FORMS = [*_MORE.strip().splitlines(), *_NAMED.strip().splitlines()]
FORMS_OF_HEADERS = _HEADERS.strip().splitlines()
