"""How the systems that people use are connected: what proves them, what they send, and what may be made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .mapping import Map
from .verifying import AuthKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """`steps`: sentences for whoever sets up the other side. `to` of the map '' where nothing they send tells it.

    `sample`: what a call of theirs looks like; `brings_secret`: the other side makes it, so it has to be pasted here.
    """

    key: str
    name: str
    about: str
    kind: AuthKind
    steps: tuple[str, ...]
    map: Map
    sample: Any
    auth: Mapping[str, Any] = field(default_factory=dict)
    brings_secret: bool = False


RECIPES: tuple[Recipe, ...] = (
    Recipe(
        key='stripe', name='Stripe', about='Thank for a payment.', kind='stripe', brings_secret=True,
        steps=(
            'In Stripe, open Developers, Webhooks and add an endpoint with this address.',
            'Choose the event checkout.session.completed.',
            'Copy the signing secret of the endpoint (it begins with whsec_) and set it here.',
        ),
        map=Map(
            to='{{ payload.data.object.customer_details.phone }}',
            text='Thank you, {{ payload.data.object.customer_details.name | default("dear customer") }}! We received '
            '{{ payload.data.object.amount_total / 100 }} {{ payload.data.object.currency | upper }}.',
            when='{{ payload.type == "checkout.session.completed" }}',
        ),
        sample={
            'id': 'evt_1Nabc', 'type': 'checkout.session.completed',
            'data': {'object': {'amount_total': 1999, 'currency': 'eur', 'customer_details': {
                'name': 'Anna Keller', 'email': 'anna@example.org', 'phone': '+15551230001'}}},
        },
    ),
    Recipe(
        key='shopify', name='Shopify', about='Confirm an order.', kind='shopify', brings_secret=True,
        steps=(
            'In Shopify, open Settings, Notifications, Webhooks and create one for “Order creation” as JSON.',
            'Paste this address.',
            'Copy the secret shown below the list of webhooks and set it here.',
        ),
        map=Map(
            to='{{ payload.phone or payload.customer.phone }}',
            text='Hi {{ payload.customer.first_name }}, thank you for your order {{ payload.name }} of '
            '{{ payload.total_price }} {{ payload.currency }}.',
        ),
        sample={
            'id': 820982911946154508, 'name': '#1001', 'phone': '+15551230001', 'total_price': '41.90',
            'currency': 'EUR', 'customer': {'first_name': 'Anna', 'last_name': 'Keller', 'phone': None},
            'line_items': [{'title': 'Rye bread', 'quantity': 2}, {'title': 'Fennel roll', 'quantity': 1}],
        },
    ),
    Recipe(
        key='woocommerce', name='WooCommerce', about='Tell how an order goes.', kind='woocommerce',
        steps=(
            'In WooCommerce, open Settings, Advanced, Webhooks and add one for “Order updated”.',
            'Paste this address as the delivery URL, and the secret.',
        ),
        map=Map(
            to='{{ payload.billing.phone }}',
            text='Hi {{ payload.billing.first_name }}, your order {{ payload.number }} is {{ payload.status }}.',
            when='{{ payload.id is defined }}',
        ),
        sample={
            'id': 727, 'number': '727', 'status': 'completed', 'total': '29.35', 'currency': 'EUR',
            'billing': {'first_name': 'Anna', 'last_name': 'Keller', 'phone': '+15551230001'},
            'line_items': [{'name': 'Rye bread', 'quantity': 2}],
        },
    ),
    Recipe(
        key='github', name='GitHub', about='Tell the team what was pushed.', kind='github',
        steps=(
            'In the repository, open Settings, Webhooks, Add webhook.',
            'Paste this address and the secret; the content type is application/json.',
            'Enter below who is told: a number, or the address of a group.',
        ),
        map=Map(
            text='{{ payload.pusher.name }} pushed to {{ payload.repository.full_name }}: '
            '{{ payload.head_commit.message }}',
            when='{{ headers["x-github-event"] == "push" }}',
        ),
        sample={
            'ref': 'refs/heads/main', 'repository': {'full_name': 'bakery/oven'}, 'pusher': {'name': 'ben'},
            'head_commit': {'message': 'Bake a little longer', 'url': 'https://example.org/c/1'},
        },
    ),
    Recipe(
        key='grafana', name='Grafana or Alertmanager', about='Pass on what fires.', kind='grafana',
        steps=(
            'Grafana: add a contact point of the type Webhook with this address; under HMAC signature paste the '
            'secret, or use it as the credentials of the authorization header with the scheme Bearer.',
            'Alertmanager: add a receiver with webhook_configs; the secret goes to '
            'http_config.authorization.credentials.',
            'Enter below who is told.',
        ),
        map=Map(
            text='{{ item.status | upper }}: {{ item.labels.alertname }}\n'
            '{{ item.annotations.summary | default("") }}',
            for_each='{{ payload.alerts }}',
        ),
        sample={
            'receiver': 'dovecote', 'status': 'firing', 'groupKey': '{}:{alertname="OvenCold"}',
            'alerts': [{'status': 'firing', 'labels': {'alertname': 'OvenCold', 'severity': 'critical'},
                        'annotations': {'summary': 'The oven is at 40 degrees.'}, 'startsAt': '2026-11-22T05:00:00Z'}],
        },
    ),
    Recipe(
        key='uptime_kuma', name='Uptime Kuma', about='Say when a service goes down.', kind='header',
        steps=(
            'In Uptime Kuma, add a notification of the type Webhook with this address, as application/json.',
            'Additional headers: {"Authorization": "Bearer THE-SECRET"}.',
            'Enter below who is told.',
        ),
        map=Map(text='{{ payload.monitor.name | default("Uptime Kuma") }}: {{ payload.msg }}'),
        sample={
            'heartbeat': {'status': 0, 'msg': 'timeout', 'time': '2026-11-22 05:00:00'},
            'monitor': {'name': 'Shop', 'url': 'https://shop.example.org'}, 'msg': '[Shop] [Down] timeout',
        },
    ),
    Recipe(
        key='home_assistant', name='Home Assistant', about='Let the house write to you.', kind='header',
        steps=(
            'In configuration.yaml, add a rest_command with this address, the method post, '
            'content_type application/json and the header Authorization: Bearer THE-SECRET.',
            'Its payload: {"to": "{{ to }}", "message": "{{ message }}"}.',
            'Call it from an automation.',
        ),
        map=Map(to='{{ payload.to }}', text='{{ payload.message }}'),
        sample={'to': '+15551230001', 'message': 'The front door is open.'},
    ),
    Recipe(
        key='form', name='A form on a website', about='Answer who fills it in.', kind='key',
        steps=(
            'Make this address the action of the form: <form method="post" action="…">.',
            'Name its fields like those of the sample, or click other ones together here.',
        ),
        map=Map(to='{{ payload.phone }}', text='Hi {{ payload.name }}, thank you for writing. We answer soon.',
                name='{{ payload.name }}'),
        sample={'name': 'Anna Keller', 'phone': '+15551230001', 'message': 'Do you bake on Sundays?'},
    ),
    Recipe(
        key='other', name='Something else', about='Anything that can send a request.', kind='standard_webhooks',
        steps=('Choose how the other side proves itself.', 'Let it call the address; then click its fields together.'),
        map=Map(to='{{ payload.phone }}', text='{{ payload.text }}'),
        sample={'phone': '+15551230001', 'text': 'Hello'},
    ),
)  # fmt: skip
