"""What the pages show: the demo, the long and odd records a real workspace has, and no records."""

from __future__ import annotations

from dataclasses import dataclass

from crm.choices import Role
from crm.models import Account, Contact, Deal, Lead, Product, Task, User, Workspace
from crm.services.contacts import contact_archive, contact_create
from crm.services.origin import by_user
from crm.services.people import user_create, workspace_create
from crm.services.tasks import task_complete
from integrations.hub.models import Connection, ConnectionState
from nexa.demo.data import demo_workspace_made
from nexa.demo.logins import OPERATOR, SALESPERSON, Login
from tests import factories
from tests.browser import standings
from tests.browser.billing import connected_with_history
from tests.browser.mapping import NAME, mapped_connection
from tests.browser.money import money_moved
from tests.browser.standings import standings_made
from tests.browser.streams import streams_staged
from tests.browser.uploads import Uploads, uploads_made
from tests.sandbox import RunningSandbox

LONG_NAME = "Bartholomäus-Maximilian Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh"


@dataclass(frozen=True)
class World:
    """One workspace full of records and one without any, with the people who look at them."""

    workspace: Workspace
    seller: User
    viewer: User
    operator: User
    newcomer: User
    stranger: User
    connection: Connection
    uploads: Uploads
    sandbox_url: str

    def account(self, name: str = "Harbour Robotics") -> Account:
        return Account.objects.get(workspace=self.workspace, name=name)

    @property
    def mapped(self) -> Connection:
        """One that keeps records in step, paused."""
        return Connection.objects.get(workspace=self.workspace, name=NAME)

    @property
    def partners(self) -> Connection:
        """One that is live, with a week behind it, paused."""
        return Connection.objects.get(workspace=self.workspace, name=standings.NAME)

    @property
    def former(self) -> Connection:
        """One that was disconnected."""
        return Connection.objects.get(workspace=self.workspace, state=ConnectionState.DISABLED)

    @property
    def contact(self) -> Contact:
        return Contact.objects.get(workspace=self.workspace, last_name="Okafor")

    @property
    def long_named(self) -> Contact:
        return Contact.objects.get(workspace=self.workspace, first_name=LONG_NAME.split()[0])

    @property
    def archived(self) -> Contact:
        return Contact.objects.get(workspace=self.workspace, last_name="Gone")

    @property
    def deal(self) -> Deal:
        return Deal.objects.get(workspace=self.workspace, account__name="Harbour Robotics")

    @property
    def lead(self) -> Lead:
        return Lead.objects.get(workspace=self.workspace, last_name="Dahl")

    @property
    def task(self) -> Task:
        return Task.objects.get(workspace=self.workspace, title="Send the revised quote")

    @property
    def product(self) -> Product:
        return Product.objects.get(workspace=self.workspace, name="Business plan")


def world_made(sandbox: RunningSandbox) -> World:
    """Commits it all; the settings must name the sandbox and the site already."""
    seller_email, operator_email = f"{factories.unique('s')}@example.test", "operator@example.test"
    workspace = demo_workspace_made(
        [
            Login(OPERATOR, operator_email, "Olivia Operator", "correct horse battery"),
            Login(SALESPERSON, seller_email, "Sam Salesperson", "correct horse battery"),
        ]
    )
    seller = User.objects.get(email=seller_email)
    world = World(
        workspace=workspace,
        seller=seller,
        viewer=factories.membership_make(workspace, role=Role.VIEWER).user,
        operator=User.objects.get(email=operator_email),
        newcomer=user_create(email="new@example.test", name="Nora Newcomer"),
        stranger=user_create(email="stranger@example.test", name="Stig Stranger"),
        connection=connected_with_history(workspace, seller, sandbox),
        uploads=uploads_made(workspace, seller),
        sandbox_url=sandbox.url,
    )
    streams_staged(mapped_connection(workspace, seller))
    Connection.objects.create(
        workspace=workspace,
        provider="hubspot",
        name="HubSpot of the company we bought",
        state=ConnectionState.DISABLED,
        credentials={},
    )
    standings_made(world.contact, world.deal, seller)
    workspace_create(name="Blank", slug="blank", owner=world.newcomer)
    _odd_records_made(world)
    money_moved(workspace, world.account())
    return world


def _odd_records_made(world: World) -> None:
    """What breaks layouts: very long words, missing values, other scripts, an archived one."""
    origin = by_user(world.seller)
    people = (
        {
            "first_name": LONG_NAME.split()[0],
            "last_name": LONG_NAME.split()[1],
            "email": "very.long.address.of.the.vice.president@subdomain.of.a.company.example",
            "title": "Vice President of Strategic Partnerships, Europe, Middle East and Africa",
            "account": world.account(),
        },
        {"first_name": "Ірина", "last_name": "Шевченко", "email": "iryna@example.test"},
        {"first_name": "", "last_name": "Ng"},
    )
    for values in people:
        contact_create(
            workspace=world.workspace, values={**values, "owner": world.seller}, origin=origin
        )
    gone = contact_create(
        workspace=world.workspace,
        values={"first_name": "Long", "last_name": "Gone", "owner": world.seller},
        origin=origin,
    )
    contact_archive(gone, origin=origin)
    done = Task.objects.get(workspace=world.workspace, title="Prepare the pilot's goals")
    task_complete(done, origin=origin)
