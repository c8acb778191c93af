// Clients and those who look after them.
@path: '/odata/v4/crm'
service crm {
  entity Managers {
    key ID      : Integer;
        name    : String;
        clients : Association to many Clients on clients.manager = $self;
  }
  entity Clients {
    key ID      : Integer;
        name    : String;
        phone   : String;
        manager : Association to Managers;
  }
}
