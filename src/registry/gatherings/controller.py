"""The endpoints of gatherings (取消聚集活动台账) and sheds (简易棚拆除台账): the standard ones."""

from registry.gatherings.register import GATHERING_REGISTER, SHED_REGISTER
from registry.gatherings.service import GATHERING_WRITES, SHED_WRITES
from registry.web.entry_routes import entry_routes

HANDLERS = [*entry_routes(GATHERING_REGISTER, GATHERING_WRITES), *entry_routes(SHED_REGISTER, SHED_WRITES)]
