// Bound to this machine alone, with a few invented rows.
const cds = require('@sap/cds')

cds.on('bootstrap', app => {
  const listen = app.listen
  app.listen = port => listen.call(app, port, '127.0.0.1')
})

cds.on('served', async () => {
  const { Managers, Clients } = cds.entities('crm')
  await INSERT.into(Managers).entries([{ ID: 1, name: 'Анна Смирнова' }, { ID: 2, name: "Pat O'Hara" }])
  await INSERT.into(Clients).entries([
    { ID: 1, name: "Шон О'Брайен", phone: '+79001234567', manager_ID: 1 },
    { ID: 2, name: 'Иван Петров', phone: '+79001234568', manager_ID: 1 },
    { ID: 3, name: 'Мария "Маша" & Co', phone: '+79001234569', manager_ID: 2 },
    { ID: 4, name: "D'Arcy 100%", phone: '+79001234570', manager_ID: 2 },
    { ID: 5, name: "' or 1 eq 1 or name eq '", phone: '+79001234571', manager_ID: 1 },
  ])
})

module.exports = cds.server
